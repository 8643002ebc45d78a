"""A frame's mask value pooled into sixteen vectors, eight of the subject and eight of the background (Cutie, arXiv 2310.12982)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from pipelines.matanyone.islands import float32_island
from pipelines.matanyone.layout import as_tokens
from pipelines.matanyone.positions import Positions
from pipelines.matanyone.sizes import SUMMARIES, WIDTH


class ObjectSummarizer(nn.Module):
    """Sums and areas are kept apart, so that frames add up."""

    def __init__(self) -> None:
        super().__init__()
        self.pos_enc = Positions()
        self.input_proj = nn.Linear(WIDTH, WIDTH)
        self.feature_pred = nn.Sequential(nn.Linear(WIDTH, WIDTH), nn.ReLU(), nn.Linear(WIDTH, WIDTH))
        self.weights_pred = nn.Sequential(nn.Linear(WIDTH, WIDTH), nn.ReLU(), nn.Linear(WIDTH, SUMMARIES))

    def forward(self, value: Tensor, alpha16: Tensor) -> Tensor:
        """Return (B, 16, 257) float32: weighted sums of 256 channels, and the area that they were summed over.

        Args:
            value: the mask value (B, 256, h, w).
            alpha16: the alpha averaged to stride 16, (B, 1, h, w).
        """
        x = self.input_proj(as_tokens(value)) + self.pos_enc(*value.shape[-2:])
        with float32_island(value):
            x = x.float()
            subject = as_tokens(alpha16.float())
            half = SUMMARIES // 2
            region = torch.cat([subject.expand(-1, -1, half), (1 - subject).expand(-1, -1, half)], dim=-1)
            weights = (torch.sigmoid(self.weights_pred(x)) * region).transpose(1, 2)
            return torch.cat([weights @ self.feature_pred(x), weights.sum(dim=-1, keepdim=True)], dim=-1)
