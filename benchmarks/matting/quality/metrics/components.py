"""Connected regions of a mask."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]
Indices = npt.NDArray[np.intp]


def largest_component(mask: Mask) -> Mask:
    """Return the largest region of true pixels that are connected by edges, (height, width); of equal ones the one that comes first.

    Runs of pixels in rows are joined where they touch a run of the row below: union-find (Galler and Fischer 1964) over all touching runs
    at once, each root being its region's first run.
    """
    if not mask.any():
        return np.zeros_like(mask)
    begins = mask & ~np.pad(mask, ((0, 0), (1, 0)))[:, :-1]
    run = np.maximum(np.cumsum(begins).reshape(mask.shape) - 1, 0)
    touching = mask[:-1] & mask[1:]
    roots = _joined(int(begins.sum()), run[:-1][touching], run[1:][touching])
    region = roots[run]
    largest: Mask = mask & (region == np.bincount(region[mask]).argmax())
    return largest


def _joined(count: int, upper: Indices, lower: Indices) -> Indices:
    """Return for each run the first run that it is connected with, through others or not."""
    roots = np.arange(count)
    while True:
        one, other = roots[upper], roots[lower]
        if np.array_equal(one, other):
            return roots
        np.minimum.at(roots, np.maximum(one, other), np.minimum(one, other))
        while not np.array_equal(roots[roots], roots):
            roots = roots[roots]
