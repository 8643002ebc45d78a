"""Errors of change from frame to frame: dtSSD."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from benchmarks.matting.quality.metrics.form import Alpha, mean, paired

PER_CENT = 1e2


def dtssd(estimated: Sequence[Alpha], true: Sequence[Alpha]) -> float:
    """Return by how much the alphas change otherwise than the true ones: flicker, and lag; x 1e2.

    Of each frame but the first, the root over pixels of the mean squared difference between the estimated and the true change since the
    frame before; averaged over frames, of which the first counts as 0, as in the published evaluations.

    Source: Erofeev et al., "Perceptually motivated benchmark for video matting", BMVC 2015.

    Raises:
        ValueError: the alphas do not pair.
    """
    errors = [one.astype(np.float64) - other for one, other in paired(estimated, true)]
    return mean([0.0, *(float(np.sqrt(np.square(after - before).mean())) * PER_CENT for before, after in pairwise(errors))])
