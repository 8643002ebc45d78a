"""From the object transformer's map to the alpha at full size, and to the next sensory state.

Source: MatAnyone (arXiv 2501.14677): Cutie's decoder, two strides deeper, that predicts the alpha itself and no logit.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from pipelines.matanyone.blocks import PreActivationBlock
from pipelines.matanyone.islands import float32_island
from pipelines.matanyone.pixel_encoder import Pyramid
from pipelines.matanyone.sensory import DecoderUpdate
from pipelines.matanyone.sizes import F1, F2, F4, F8, WIDTH


class SkipProjections(nn.Module):
    """1x1 projections of the encoder's features at strides 8, 4, 2 and 1."""

    def __init__(self) -> None:
        super().__init__()
        widths = ((F8, WIDTH), (F4, 128), (F2, 128), (F1, 64))
        self.transforms = nn.ModuleList(nn.Conv2d(before, after, 1) for before, after in widths)

    def forward(self, pyramid: Pyramid) -> tuple[Tensor, ...]:
        """Return what is added to the decoder's maps, the coarsest first."""
        return tuple(project(f) for project, f in zip(self.transforms, (pyramid.f8, pyramid.f4, pyramid.f2, pyramid.f1), strict=True))


class Upsampler(nn.Module):
    """Doubles a map's size, adds the skip, refines."""

    def __init__(self, width_in: int, width_out: int) -> None:
        super().__init__()
        self.out_conv = PreActivationBlock(width_in, width_out)

    def forward(self, coarse: Tensor, skip: Tensor) -> Tensor:
        """Map (B, width_in, H, W) to (B, width_out, 2H, 2W)."""
        grown = functional.interpolate(coarse, scale_factor=2, mode="bilinear", align_corners=False)
        out: Tensor = self.out_conv(grown + skip)
        return out


class MaskDecoder(nn.Module):
    """``pred_seg`` is a head that only training used; it holds its weights and is not computed."""

    def __init__(self) -> None:
        super().__init__()
        self.sensory_update = DecoderUpdate()
        self.decoder_feat_proc = SkipProjections()
        self.up_16_8 = Upsampler(WIDTH, 128)
        self.up_8_4 = Upsampler(128, 128)
        self.up_4_2 = Upsampler(128, 64)
        self.up_2_1 = Upsampler(64, 16)
        self.pred_seg = nn.Conv2d(16, 1, 3, padding=1)
        self.pred_mat = nn.Conv2d(16, 1, 3, padding=1)

    def forward(self, pyramid: Pyramid, p16: Tensor, sensory: Tensor) -> tuple[Tensor, Tensor]:
        """Return the alpha (B, 1, H, W) float32 in [0, 1] and the next sensory state (B, 256, h, w) float32."""
        skip8, skip4, skip2, skip1 = self.decoder_feat_proc(pyramid)
        p8 = self.up_16_8(p16, skip8)
        p4 = self.up_8_4(p8, skip4)
        p2 = self.up_4_2(p4, skip2)
        p1 = self.up_2_1(p2, skip1)
        with float32_island(p1):
            raw = self.pred_mat(torch.relu(p1.float()))
        seen = self.sensory_update.gather(p16, p8, p4, p2, torch.cat([p1, raw.to(p1.dtype)], dim=1))
        return raw.clamp(0, 1), self.sensory_update(seen, sensory)
