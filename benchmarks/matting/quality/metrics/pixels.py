"""Errors of pixels, each by itself: MAD and MSE."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.matting.quality.metrics.form import Alpha, mean, paired

PER_THOUSAND = 1e3


def mad(estimated: Sequence[Alpha], true: Sequence[Alpha]) -> float:
    """Return the mean absolute difference of all pixels, x 1e3; averaged over frames.

    Source: the SAD of Rhemann et al., "A perceptually motivated online benchmark for image matting", CVPR 2009, per pixel.

    Raises:
        ValueError: the alphas do not pair.
    """
    return mean([float(np.abs(one - other).mean(dtype=np.float64)) * PER_THOUSAND for one, other in paired(estimated, true)])


def mse(estimated: Sequence[Alpha], true: Sequence[Alpha]) -> float:
    """Return the mean squared difference of all pixels, x 1e3; averaged over frames.

    Source: Rhemann et al., CVPR 2009.

    Raises:
        ValueError: the alphas do not pair.
    """
    return mean([float(np.square(one - other).mean(dtype=np.float64)) * PER_THOUSAND for one, other in paired(estimated, true)])
