"""What every metric takes and gives."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

Alpha = npt.NDArray[np.float32]
"""(height, width) in [0, 1]."""
Metric = Callable[[Sequence[Alpha], Sequence[Alpha]], float]
"""From what was estimated and what is true, frame by frame, to the error of the clip."""


def paired(estimated: Sequence[Alpha], true: Sequence[Alpha]) -> list[tuple[Alpha, Alpha]]:
    """Return the frames in pairs.

    Raises:
        ValueError: there are none, not as many of one as of the other, or a pair is not of one size.
    """
    if len(estimated) != len(true) or not true:
        raise ValueError(f"{len(estimated)} estimated alphas cannot be compared with {len(true)} true ones; give one for each frame")
    pairs = list(zip(estimated, true, strict=True))
    for index, (one, other) in enumerate(pairs):
        if one.shape != other.shape:
            raise ValueError(
                f"the estimated alpha of frame {index} is {one.shape} and the true one {other.shape}; scale neither, matte the frames as they are"
            )
    return pairs


def mean(errors: Sequence[float]) -> float:
    """Return the error of a clip from those of its frames."""
    return float(np.mean(errors))
