"""Which parts of a frame changed since the last one: those take their value from memory, the others keep it.

Source: region-adaptive memory fusion, MatAnyone (arXiv 2501.14677), section 3.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from pipelines.matanyone.convolution import PointConv
from pipelines.matanyone.sizes import WIDTH


class ChangeGate(nn.Module):
    """Predicts the probability of change per token."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1x1_v2 = PointConv(3 * WIDTH + 1, 64, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.conv3x3 = nn.Conv2d(64, 32, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(32)
        self.conv3x3_out = nn.Conv2d(32, 1, 3, padding=1, bias=False)

    def forward(self, pix_feats: tuple[Tensor, Tensor], alpha16: Tensor, read: Tensor, last_value: Tensor) -> Tensor:
        """Return what was read from memory where the frame changed, and the last value elsewhere: (B, 256, h, w).

        Args:
            pix_feats: of the last frame and of this one, (1, 256, h, w) each.
            alpha16: the last frame's alpha at stride 16, (B, 1, h, w).
            read: what memory answered, (B, 256, h, w).
            last_value: the last frame's mask value, (B, 256, h, w).
        """
        of_images = [feat.expand(read.shape[0], -1, -1, -1) for feat in pix_feats]
        x = torch.cat([*of_images, alpha16.to(read.dtype), read - last_value], dim=1)
        x = torch.relu_(self.bn1(self.conv1x1_v2(x)))
        x = torch.relu_(self.bn2(self.conv3x3(x)))
        return torch.lerp(last_value, read, torch.sigmoid(self.conv3x3_out(x)).to(read.dtype))
