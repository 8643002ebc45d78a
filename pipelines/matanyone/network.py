"""The network as a whole, with its parts under the names of published checkpoints.

Sources: MatAnyone (Yang et al., CVPR 2025, arXiv 2501.14677), which builds on Cutie (arXiv 2310.12982) and XMem (arXiv 2207.07115).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from pipelines.matanyone.change_gate import ChangeGate
from pipelines.matanyone.key_projection import KeyProjection
from pipelines.matanyone.mask_decoder import MaskDecoder
from pipelines.matanyone.mask_encoder import MaskEncoder
from pipelines.matanyone.object_summarizer import ObjectSummarizer
from pipelines.matanyone.object_transformer import ObjectTransformer
from pipelines.matanyone.pixel_encoder import PixelEncoder, Pyramid
from pipelines.matanyone.pixel_fuser import PixelFuser
from pipelines.matanyone.sensory import TrainingHead
from pipelines.matanyone.sizes import F16, WIDTH

RGB_MEAN = (0.485, 0.456, 0.406)
RGB_STD = (0.229, 0.224, 0.225)


class ImageFeatures(NamedTuple):
    """All that a frame's image says, without any mask."""

    pyramid: Pyramid
    pix_feat: Tensor
    """(B, 256, h, w)"""
    key: Tensor
    """(B, 64, h, w)"""
    selection: Tensor
    """(B, 64, h, w)"""
    key_features: Tensor
    """(B, 256, h, w), of which the shrinkage is made"""


class MatAnyoneNetwork(nn.Module):
    """The parts; the order in which a clip runs through them is in :mod:`pipelines.matanyone.steps`."""

    def __init__(self) -> None:
        super().__init__()
        self.pixel_encoder = PixelEncoder()
        self.pix_feat_proj = nn.Conv2d(F16, WIDTH, 1)
        self.key_proj = KeyProjection()
        self.mask_encoder = MaskEncoder()
        self.mask_decoder = MaskDecoder()
        self.pixel_fuser = PixelFuser()
        self.object_transformer = ObjectTransformer()
        self.object_summarizer = ObjectSummarizer()
        self.aux_computer = TrainingHead()
        # The name is misspelt in every published checkpoint.
        self.temp_sparity = ChangeGate()

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.pix_feat_proj.weight.device

    @property
    def dtype(self) -> torch.dtype:
        """Of the weights."""
        return self.pix_feat_proj.weight.dtype

    def encode(self, images: Tensor) -> ImageFeatures:
        """Encode images (B, 3, H, W) float32 in [0, 1], H and W multiples of 16."""
        mean = images.new_tensor(RGB_MEAN).view(3, 1, 1)
        std = images.new_tensor(RGB_STD).view(3, 1, 1)
        pyramid: Pyramid = self.pixel_encoder((images - mean) / std)
        return ImageFeatures(pyramid, self.pix_feat_proj(pyramid.f16), *self.key_proj(pyramid.f16))
