"""The network as a whole, with its parts under the names of published checkpoints.

Sources: MatAnyone (Yang et al., CVPR 2025, arXiv 2501.14677), which builds on Cutie (arXiv 2310.12982) and XMem (arXiv 2207.07115).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from pipelines.matanyone.change_gate import ChangeGate
from pipelines.matanyone.convolution import PointConv
from pipelines.matanyone.key_projection import KeyProjection
from pipelines.matanyone.mask_decoder import MaskDecoder
from pipelines.matanyone.mask_encoder import MaskEncoder
from pipelines.matanyone.object_summarizer import ObjectSummarizer
from pipelines.matanyone.object_transformer import ObjectTransformer
from pipelines.matanyone.pixel_encoder import PixelEncoder, Pyramid
from pipelines.matanyone.pixel_fuser import PixelFuser
from pipelines.matanyone.positions import Positions, frequencies
from pipelines.matanyone.sensory import TrainingHead
from pipelines.matanyone.sizes import F16, WIDTH

RGB_MEAN = (0.485, 0.456, 0.406)
RGB_STD = (0.229, 0.224, 0.225)


class ImageFeatures(NamedTuple):
    """All that the images of N frames say, without any mask."""

    pyramid: Pyramid
    pix_feat: Tensor
    """(N, 256, h, w)"""
    key: Tensor
    """(N, 64, h, w)"""
    selection: Tensor
    """(N, 64, h, w)"""
    key_features: Tensor
    """(N, 256, h, w), of which the shrinkage is made"""

    def frame(self, index: int) -> ImageFeatures:
        """Return views of one frame's features; N is 1 then."""
        pyramid, *others = self
        return ImageFeatures(Pyramid(*(f[index : index + 1] for f in pyramid)), *(f[index : index + 1] for f in others))


class MatAnyoneNetwork(nn.Module):
    """The parts; the order in which a clip runs through them is in :mod:`pipelines.matanyone.steps`."""

    rgb_mean: Tensor
    rgb_std: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.pixel_encoder = PixelEncoder()
        self.pix_feat_proj = PointConv(F16, WIDTH)
        self.key_proj = KeyProjection()
        self.mask_encoder = MaskEncoder()
        self.mask_decoder = MaskDecoder()
        self.pixel_fuser = PixelFuser()
        self.object_transformer = ObjectTransformer()
        self.object_summarizer = ObjectSummarizer()
        self.aux_computer = TrainingHead()
        # The name is misspelt in every published checkpoint.
        self.temp_sparity = ChangeGate()
        self.register_buffer("rgb_mean", torch.tensor(RGB_MEAN).view(3, 1, 1), persistent=False)
        self.register_buffer("rgb_std", torch.tensor(RGB_STD).view(3, 1, 1), persistent=False)

    def settle(self) -> None:
        """Give constants their values, in float32: checkpoints do not hold them, or hold what follows from the architecture."""
        self.rgb_mean = torch.tensor(RGB_MEAN, device=self.device).view(3, 1, 1)
        self.rgb_std = torch.tensor(RGB_STD, device=self.device).view(3, 1, 1)
        for part in self.modules():
            if isinstance(part, Positions):
                part.inv_freq = frequencies().to(self.device)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.pix_feat_proj.weight.device

    @property
    def dtype(self) -> torch.dtype:
        """Of the weights."""
        return self.pix_feat_proj.weight.dtype

    def encode(self, images: Tensor) -> ImageFeatures:
        """Encode images (N, 3, H, W) float32 in [0, 1], H and W multiples of 16."""
        pyramid: Pyramid = self.pixel_encoder((images - self.rgb_mean) / self.rgb_std)
        return ImageFeatures(pyramid, self.pix_feat_proj(pyramid.f16), *self.key_proj(pyramid.f16))
