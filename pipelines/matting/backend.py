"""What every way of matting offers, so that a job can use any of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt
import torch

Frame = npt.NDArray[np.uint8]
"""(height, width, 3), RGB, 8 bits."""
Masks = npt.NDArray[np.uint8]
"""(targets, height, width), 0 (not the target) to 255 (the target)."""
Alphas = npt.NDArray[np.float32]
"""(targets, height, width) in [0, 1]."""
Precision = Literal["parity", "fast"]


class ClipMatting(Protocol):
    """One run through consecutive frames, in either direction, from a frame whose masks are known."""

    def begin(self, frame: Frame, masks: Masks) -> Alphas:
        """Take the first frame with its masks and return its alphas. Called once; not after a resume."""

    def advance(self, frames: Sequence[Frame]) -> Sequence[Alphas]:
        """Return the alphas of the frames that follow.

        The same frames in the same groups give the same bits, so that a run goes on exactly from a state that was taken between two groups.

        Args:
            frames: :attr:`MattingModel.batch` of them; fewer only where the run ends.
        """

    def state(self) -> dict[str, torch.Tensor]:
        """Return copies on the host of everything that the next call depends on; their size does not depend on the clip's length."""


class MattingModel(Protocol):
    """Loaded weights that mattings can be run with, one after the other."""

    @property
    def batch(self) -> int:
        """How many frames :meth:`ClipMatting.advance` wants at a time."""

    def modules(self) -> Iterable[torch.nn.Module]:
        """Return what holds the weights."""

    def start(self, *, warmup: int, precision: Precision) -> ClipMatting:
        """Return a run that has not begun.

        Raises:
            InvalidConfig: when the weights cannot keep this precision.
        """

    def resume(self, state: Mapping[str, torch.Tensor], *, warmup: int, precision: Precision) -> ClipMatting:
        """Return a run as it was when ``state`` was taken.

        Raises:
            CheckpointRefused: when the state is not one of this model's.
        """

    def fingerprint(self) -> dict[str, str]:
        """Return, by name, what shapes the alphas besides spec, weights, device and library versions."""
