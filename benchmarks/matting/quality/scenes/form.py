"""What a scene is, and how its pictures come of alpha, subject and background."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.matting.quality.metrics.form import Alpha

Frame = npt.NDArray[np.uint8]
"""(height, width, 3), RGB."""
Mask = npt.NDArray[np.uint8]
"""(height, width), 0 or 255."""
Field = npt.NDArray[np.float64]
"""(height, width), or (height, width, 3) where it is colours in [0, 1]."""
HALF = 0.5
FULL = 255


@dataclass(frozen=True)
class Shot:
    """One frame with its truth."""

    frame: Frame
    alpha: Alpha


@dataclass(frozen=True)
class Clip:
    """A scene of so many frames."""

    frames: tuple[Frame, ...]
    alphas: tuple[Alpha, ...]
    mask: Mask
    """Of frame 0: 255 where the alpha is 0.5 or more, as somebody draws it who cannot draw transparency."""


Footage = Callable[[int], Iterator[Shot]]
"""From the number of frames to the frames; the same number gives the same pixels."""


@dataclass(frozen=True)
class Scene:
    """One difficulty of matting."""

    name: str
    what: str
    """What is hard about it."""
    footage: Footage

    def shoot(self, frames: int) -> Clip:
        """Return the scene in so many frames.

        Raises:
            ValueError: fewer than one.
        """
        if frames < 1:
            raise ValueError(f"a scene of {frames} frames was asked for; it has 1 or more")
        shots = tuple(self.footage(frames))
        mask = np.where(shots[0].alpha >= HALF, np.uint8(FULL), np.uint8(0))
        return Clip(tuple(shot.frame for shot in shots), tuple(shot.alpha for shot in shots), mask)


def shot(alpha: Field, subject: Field, background: Field) -> Shot:
    """Return ``alpha * subject + (1 - alpha) * background``, in 8 bits, with the alpha.

    Args:
        alpha: (height, width) in [0, 1].
        subject: its colours, (height, width, 3) in [0, 1], also where it is not.
        background: the same of what is behind.
    """
    mixed = over(alpha, subject, background)
    return Shot(np.rint(mixed * FULL).astype(np.uint8), alpha.astype(np.float32))


def over(alpha: Field, subject: Field, background: Field) -> Field:
    """Return the subject over the background (Porter and Duff 1984), as colours in [0, 1]."""
    return alpha[..., None] * subject + (1 - alpha[..., None]) * background
