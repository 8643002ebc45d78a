"""Where a token is in the frame, as sines and cosines (Vaswani et al., arXiv 1706.03762)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from pipelines.matanyone.sizes import WIDTH

SCALE = 32.0
TEMPERATURE = 128.0
EPSILON = 1e-6
AXIS_WIDTH = WIDTH // 2


def frequencies() -> Tensor:
    """Return the 64 frequencies, float32; published checkpoints store the same."""
    return 1.0 / TEMPERATURE ** (torch.arange(0, AXIS_WIDTH, 2, dtype=torch.float32) / AXIS_WIDTH)


class Positions(nn.Module):
    """Encodes positions relative to the frame's size: half of the channels follow x, the other half y."""

    inv_freq: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("inv_freq", frequencies())
        self._last: tuple[tuple[int, int, torch.device], Tensor] | None = None

    def forward(self, height: int, width: int) -> Tensor:
        """Return (height * width, 256) float32, rows in the order of a flattened map; the last answer is kept, for clips ask for one size."""
        asked = (height, width, self.inv_freq.device)
        if self._last is None or self._last[0] != asked:
            self._last = (asked, self._encode(height, width))
        return self._last[1]

    def _encode(self, height: int, width: int) -> Tensor:
        columns = self._axis(width).expand(height, width, AXIS_WIDTH)
        rows = self._axis(height).unsqueeze(1).expand(height, width, AXIS_WIDTH)
        return torch.cat([columns, rows], dim=-1).flatten(0, 1)

    def _axis(self, count: int) -> Tensor:
        steps = torch.arange(count, device=self.inv_freq.device, dtype=torch.float32) / (count - 1 + EPSILON) * SCALE
        angles = steps.unsqueeze(1) * self.inv_freq.float()
        return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)
