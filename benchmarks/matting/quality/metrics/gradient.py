"""Errors of edges: Grad."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from benchmarks.matting.quality.metrics.form import Alpha, mean, paired

SIGMA = 1.4
"""Pixels, as Rhemann et al. have it."""
LEAST = 1e-2
"""Of the Gaussian: the filter ends where less of it is left."""
SCALE = 1e-3
Field = npt.NDArray[np.float64]


def grad(estimated: Sequence[Alpha], true: Sequence[Alpha]) -> float:
    """Return the summed squared difference of the alphas' gradient magnitudes, x 1e-3; averaged over frames.

    Gradients are first-order derivatives of Gaussians of 1.4 pixels with unit energy, the border repeated outwards. Every alpha is first
    stretched to the whole of [0, 1] (one of a single value becomes 0), so that neither an offset nor a gain is an error.

    Source: Rhemann et al., CVPR 2009; stretched as published evaluations do since Deep Image Matting (Xu et al., CVPR 2017).

    Raises:
        ValueError: the alphas do not pair.
    """
    smooth, slope = _filters()

    def magnitude(alpha: Alpha) -> Field:
        field = _stretched(alpha)
        return np.hypot(_along(_along(field, smooth, 0), slope, 1), _along(_along(field, slope, 0), smooth, 1))

    return mean([float(np.square(magnitude(one) - magnitude(other)).sum()) * SCALE for one, other in paired(estimated, true)])


def _filters() -> tuple[Field, Field]:
    """Return the Gaussian and its derivative, which together have unit energy in two dimensions."""
    half = math.ceil(SIGMA * math.sqrt(-2 * math.log(math.sqrt(2 * math.pi) * SIGMA * LEAST)))
    at = np.arange(-half, half + 1, dtype=np.float64)
    gaussian = np.exp(-np.square(at / SIGMA) / 2)
    derivative = at * gaussian
    return gaussian / np.linalg.norm(gaussian), derivative / np.linalg.norm(derivative)


def _stretched(alpha: Alpha) -> Field:
    field = alpha.astype(np.float64)
    low, high = field.min(), field.max()
    return (field - low) / (high - low) if high > low else np.zeros_like(field)


def _along(field: Field, taps: Field, axis: int) -> Field:
    """Return the correlation of every row or column with ``taps``."""
    half = len(taps) // 2
    padded = np.pad(field, [(half, half) if axis == other else (0, 0) for other in range(field.ndim)], mode="edge")
    return np.lib.stride_tricks.sliding_window_view(padded, len(taps), axis) @ taps
