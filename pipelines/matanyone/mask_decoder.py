"""From the object transformer's map to the alpha at full size, and to the next sensory state.

Source: MatAnyone (arXiv 2501.14677): Cutie's decoder, two strides deeper, that predicts the alpha itself and no logit.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from pipelines.matanyone.blocks import PreActivationBlock
from pipelines.matanyone.convolution import PointConv
from pipelines.matanyone.islands import float32_island
from pipelines.matanyone.pixel_encoder import Pyramid
from pipelines.matanyone.sensory import DecoderUpdate
from pipelines.matanyone.sizes import F1, F2, F4, F8, STRIDE, WIDTH
from pipelines.matanyone.strips import Strip, strips


class SkipProjections(nn.Module):
    """1x1 projections of the encoder's features at strides 8, 4, 2 and 1, which are added to the decoder's maps."""

    def __init__(self) -> None:
        super().__init__()
        widths = ((F8, WIDTH), (F4, 128), (F2, 128), (F1, 64))
        self.transforms = nn.ModuleList(PointConv(before, after) for before, after in widths)


class Upsampler(nn.Module):
    """Doubles a map's size, adds the projected features of the image, refines."""

    def __init__(self, width_in: int, width_out: int) -> None:
        super().__init__()
        self.out_conv = PreActivationBlock(width_in, width_out)

    def forward(self, coarse: Tensor, features: Tensor, project: nn.Module) -> Tensor:
        """Map (B, width_in, h, w) to (B, width_out, 2h, 2w).

        Args:
            coarse: the map to grow.
            features: of the image at the grown size, (1, F, 2h, 2w) or (B, F, 2h, 2w).
            project: makes ``width_in`` channels of F.
        """
        cut = strips(coarse, halo=2)
        first = next(cut)
        rows = first.wanted(self.rows(coarse, features, project, first))
        if first.end == first.height:
            return rows
        shape = (rows.shape[0], rows.shape[1], first.height, rows.shape[3])
        out = torch.empty(shape, dtype=rows.dtype, device=rows.device, memory_format=torch.channels_last)
        out[:, :, : first.end] = rows
        for strip in cut:
            out[:, :, strip.begin : strip.end] = strip.wanted(self.rows(coarse, features, project, strip))
        return out

    def rows(self, coarse: Tensor, features: Tensor, project: nn.Module, strip: Strip) -> Tensor:
        """Return the computed rows of a strip, (B, width_out, bottom - top, 2w)."""
        grown = strip.grow(coarse).add_(project(strip.computed(features)))
        out: Tensor = self.out_conv(grown)
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
        """Return the alpha (B, 1, H, W) float32 in [0, 1] and the next sensory state (B, 256, h, w) float32.

        Args:
            pyramid: of one image, or of B.
            p16: (B, 256, h, w), from the object transformer.
            sensory: (B, 256, h, w) float32.
        """
        project8, project4, project2, project1 = self.decoder_feat_proc.transforms
        p8 = self.up_16_8(p16, pyramid.f8, project8)
        p4 = self.up_8_4(p8, pyramid.f4, project4)
        p2 = self.up_4_2(p4, pyramid.f2, project2)
        alpha, p1_at_16 = self._finest(p2, pyramid.f1, project1)
        seen = self.sensory_update.gather(p16, p8, p4, p2, p1_at_16)
        return alpha, self.sensory_update(seen, sensory)

    def _finest(self, p2: Tensor, image: Tensor, project: nn.Module) -> tuple[Tensor, Tensor]:
        """Return the alpha, and the last map beside the alpha before it is clamped, averaged to stride 16: (B, 17, h, w)."""
        alphas, averages = [], []
        for strip in strips(p2, halo=4):
            p1 = self.up_2_1.rows(p2, image, project, strip)
            with float32_island(p1):
                raw = strip.wanted(self.pred_mat(torch.relu(p1.float())))
            alphas.append(raw.clamp(0, 1))
            p1 = strip.wanted(p1)
            averages.append(torch.cat([functional.avg_pool2d(p1, STRIDE), functional.avg_pool2d(raw.to(p1.dtype), STRIDE)], dim=1))
        return torch.cat(alphas, dim=2), torch.cat(averages, dim=2)
