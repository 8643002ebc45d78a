"""A map of doubled size, computed some rows at a time.

At full size the decoder's maps have 64 channels: 0.5 GiB each at 1080p in float32. In strips they stay in a processor's caches, and nobody waits for
the system to hand out that memory anew for each frame.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from torch import Tensor
from torch.nn import functional

from pipelines.matanyone.sizes import STRIDE

CPU_STRIP = 4 * 1024 * 1024
"""Numbers of the grown map that exist at a time on a CPU: 16 MiB in float32."""
STRIP = 256 * 1024 * 1024
"""The same elsewhere, where many small kernels would leave the device idle: 1 GiB."""


class Strip(NamedTuple):
    """Rows ``begin`` to ``end`` of the grown map are wanted; ``top`` to ``bottom`` are computed. All are even."""

    begin: int
    end: int
    top: int
    bottom: int
    height: int

    def grow(self, coarse: Tensor) -> Tensor:
        """Return the computed rows of a map that is twice as large, (B, C, bottom - top, 2W); the same bits as of the whole map."""
        first, last = max(0, self.top // 2 - 1), min(self.height // 2, self.bottom // 2 + 1)
        grown = functional.interpolate(coarse[:, :, first:last], scale_factor=2, mode="bilinear", align_corners=False)
        return grown[:, :, self.top - 2 * first : self.bottom - 2 * first]

    def computed(self, fine: Tensor) -> Tensor:
        """Return the computed rows of a map of the grown size."""
        return fine[:, :, self.top : self.bottom]

    def wanted(self, rows: Tensor) -> Tensor:
        """Return the wanted rows of the computed ones."""
        return rows[:, :, self.begin - self.top : self.end - self.top]


def strips(coarse: Tensor, halo: int) -> Iterator[Strip]:
    """Cut the map that ``coarse`` (B, C, h, w) grows to into strips of a multiple of sixteen rows; one strip where all of it is small.

    Args:
        coarse: the map before it grows.
        halo: rows on either side that are computed and thrown away, an even number; each 3x3 convolution spoils one.
    """
    batch, channels, half_height, half_width = coarse.shape
    bound = CPU_STRIP if coarse.device.type == "cpu" else STRIP
    height = 2 * half_height
    rows = max(STRIDE, bound // (batch * channels * 2 * half_width) // STRIDE * STRIDE)
    for begin in range(0, height, rows):
        end = min(height, begin + rows)
        yield Strip(begin, end, max(0, begin - halo), min(height, end + halo), height)
