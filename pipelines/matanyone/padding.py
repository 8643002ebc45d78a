"""Frames of any size for a network that wants multiples of sixteen."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor
from torch.nn import functional

from pipelines.matanyone.sizes import STRIDE


class Padding(NamedTuple):
    """Zeros around a frame, as even as can be; where one side gets one more, it is the right or the lower one."""

    left: int
    right: int
    top: int
    bottom: int

    @classmethod
    def of(cls, height: int, width: int) -> Padding:
        """Return what makes (height, width) multiples of 16."""
        across, down = -width % STRIDE, -height % STRIDE
        return cls(across // 2, across - across // 2, down // 2, down - down // 2)

    def add(self, picture: Tensor) -> Tensor:
        """Pad (..., H, W)."""
        return functional.pad(picture, self)

    def remove(self, picture: Tensor) -> Tensor:
        """Undo :meth:`add`."""
        height, width = picture.shape[-2:]
        return picture[..., self.top : height - self.bottom, self.left : width - self.right]
