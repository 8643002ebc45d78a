"""What every mask maker offers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch

from reelfleet.contract.matte import Box, Point

Frame = npt.NDArray[np.uint8]
"""(height, width, 3), RGB, 8 bits."""
Mask = npt.NDArray[np.uint8]
"""(height, width), 0 (not the target) or 255 (the target)."""


class MaskMaker(Protocol):
    """Loaded weights that make masks, one after the other; a mask depends on nothing that was made before it."""

    def modules(self) -> Iterable[torch.nn.Module]:
        """Return what holds the weights."""

    def make(self, frame: Frame, points: Sequence[Point], box: Box | None, text: str | None) -> Mask:
        """Return the mask of one target: of those that the model proposes, the one that it scores best.

        Args:
            frame: uint8 (height, width, 3).
            points: clicks in pixels of the frame.
            box: around the target, in pixels of the frame.
            text: the target in words.

        Raises:
            InvalidRequest: for a prompt that the model does not take, and for points and boxes outside of the frame.
            InputUnreadable: when nothing is found.
        """
