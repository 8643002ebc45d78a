"""Errors of what hangs together: Conn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.matting.quality.metrics.components import largest_component
from benchmarks.matting.quality.metrics.form import Alpha, mean, paired

LEVELS = tuple(np.float32(tenth) / np.float32(10) for tenth in range(11))
TOLERATED = np.float32(0.15)
SCALE = 1e-3


def conn(estimated: Sequence[Alpha], true: Sequence[Alpha]) -> float:
    """Return the summed difference of the pixels' degrees of connectedness, x 1e-3; averaged over frames.

    The source of a level (0.1, 0.2, ... 1) is the largest region, connected by edges, in which both alphas reach it. A pixel is connected
    up to the last level below the first whose source it is not in. What an alpha has above that is its distance; distances below 0.15 are
    taken for none. The degree is one minus the distance. So what both alphas have in the main body is forgiven small errors,
    and what is cut off from it is not.

    Source: Rhemann et al., CVPR 2009, with its parameters (steps of 0.1, tolerance 0.15).

    Raises:
        ValueError: the alphas do not pair.
    """
    return mean([_of_frame(one, other) * SCALE for one, other in paired(estimated, true)])


def _of_frame(estimated: Alpha, true: Alpha) -> float:
    both = np.minimum(estimated, true)
    connected_to = np.zeros_like(true)
    still = np.ones(true.shape, dtype=np.bool_)
    for level in LEVELS[1:]:
        still &= largest_component(both >= level)
        connected_to[still] = level
    return float(np.abs(_distance(estimated, connected_to) - _distance(true, connected_to)).sum(dtype=np.float64))


def _distance(alpha: Alpha, connected_to: Alpha) -> Alpha:
    distance = alpha - connected_to
    return np.where(distance >= TOLERATED, distance, np.float32(0))
