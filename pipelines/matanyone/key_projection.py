"""Keys by which frames find each other in memory, with their shrinkage and selection (XMem, arXiv 2207.07115)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from pipelines.matanyone.convolution import PointConv
from pipelines.matanyone.sizes import F16, KEY_WIDTH, WIDTH


class KeyProjection(nn.Module):
    """Shrinkage is asked for apart from the rest: only frames that are memorised need it."""

    def __init__(self) -> None:
        super().__init__()
        self.pix_feat_proj = PointConv(F16, WIDTH)
        self.key_proj = nn.Conv2d(WIDTH, KEY_WIDTH, 3, padding=1)
        self.d_proj = nn.Conv2d(WIDTH, 1, 3, padding=1)
        self.e_proj = nn.Conv2d(WIDTH, KEY_WIDTH, 3, padding=1)

    def forward(self, f16: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return key and selection, (B, 64, h, w) each, and the features (B, 256, h, w) that :meth:`shrinkage` takes."""
        features: Tensor = self.pix_feat_proj(f16)
        key: Tensor = self.key_proj(features)
        return key, torch.sigmoid(self.e_proj(features)), features

    def shrinkage(self, features: Tensor) -> Tensor:
        """Return how sharply a memorised token is matched, (B, 1, h, w), at least 1."""
        raw: Tensor = self.d_proj(features)
        return raw.square() + 1
