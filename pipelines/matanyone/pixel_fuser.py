"""Brings image, memory readout, sensory state and the last alpha together before the object transformer (Cutie, arXiv 2310.12982)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from pipelines.matanyone.blocks import FusionBlock
from pipelines.matanyone.convolution import PointConv
from pipelines.matanyone.sizes import WIDTH


class PixelFuser(nn.Module):
    """All maps are at stride 16."""

    def __init__(self) -> None:
        super().__init__()
        self.sensory_compress = PointConv(WIDTH + 1, WIDTH)
        self.fuser = FusionBlock()

    def forward(self, pix_feat: Tensor, readout: Tensor, sensory: Tensor, alpha16: Tensor) -> Tensor:
        """Return (B, 256, h, w) from three such maps and the last alpha (B, 1, h, w)."""
        context = self.sensory_compress(torch.cat([sensory, alpha16], dim=1))
        fused: Tensor = self.fuser(pix_feat, readout + context)
        return fused
