"""Growing and shrinking masks by an ellipse.

The ellipse and the behaviour at borders are those of OpenCV's ``getStructuringElement(MORPH_ELLIPSE, (d, d))``, ``dilate`` and ``erode``, with which the
published results of MatAnyone were made: what lies outside of the picture neither grows nor shrinks anything.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.uint8]
FULL = 255


def grow_then_shrink(mask: Mask, *, dilate: int, erode: int) -> Mask:
    """Return a mask after it grew by an ellipse of one diameter, and then shrank by one of another.

    Args:
        mask: uint8 (height, width).
        dilate: pixels; everything above 0 grows. 0: it does not.
        erode: pixels; everything below 255 spreads. 0: it does not.

    Returns:
        0 and 255 alone; the mask as it was if both are 0.
    """
    if not dilate and not erode:
        return mask
    if dilate:
        mask = np.where(_reached(mask > 0, dilate), FULL, 0).astype(np.uint8)
    if erode:
        mask = np.where(_reached(mask < FULL, erode), 0, FULL).astype(np.uint8)
    return mask


def _reached(seeds: NDArray[np.bool_], diameter: int) -> NDArray[np.bool_]:
    """Return which pixels have a seed within the ellipse that is centred on them."""
    reached = seeds.copy()
    rows, columns = (_open_to(seeds, axis, diameter) for axis in (0, 1))
    # Only these pixels may change; what they see is as much more to each side as the ellipse is wide.
    window = reached[rows, columns]
    height, width = window.shape
    if not window.size:
        return reached
    above, left_of = diameter // 2, diameter // 2
    below, right_of = diameter - above, diameter - left_of
    seen = _padded(seeds, rows, columns, (above, below, left_of, right_of))
    counts = np.zeros((seen.shape[0], seen.shape[1] + 1), np.int32)
    np.cumsum(seen, axis=1, out=counts[:, 1:])
    for (left, right), offsets in _rows_by_width(diameter).items():
        hit = counts[:, left_of + right : left_of + right + width] > counts[:, left_of + left : left_of + left + width]
        for offset in offsets:
            window |= hit[above + offset : above + offset + height]
    return reached


def _open_to(seeds: NDArray[np.bool_], axis: int, diameter: int) -> slice:
    """Return the rows (or columns) with pixels that are no seeds, as far as an ellipse reaches from rows with seeds."""
    other = 1 - axis
    with_seeds, without = np.flatnonzero(seeds.any(axis=other)), np.flatnonzero(~seeds.all(axis=other))
    if not len(with_seeds) or not len(without):
        return slice(0, 0)
    return slice(max(int(without[0]), int(with_seeds[0]) - diameter), min(int(without[-1]), int(with_seeds[-1]) + diameter) + 1)


def _padded(seeds: NDArray[np.bool_], rows: slice, columns: slice, more: tuple[int, int, int, int]) -> NDArray[np.bool_]:
    """Return a part of the picture and more above, below, left and right of it; what lies outside of the picture is no seed."""
    above, below, left, right = more
    seen = np.zeros((rows.stop - rows.start + above + below, columns.stop - columns.start + left + right), np.bool_)
    top, start = rows.start - above, columns.start - left
    there = (slice(max(0, top), rows.stop + below), slice(max(0, start), columns.stop + right))
    part = seeds[there]
    seen[there[0].start - top :][: part.shape[0], there[1].start - start :][:, : part.shape[1]] = part
    return seen


def _rows_by_width(diameter: int) -> dict[tuple[int, int], list[int]]:
    """Return the rows of the ellipse, relative to its centre, by the columns that belong to them: those above and below are alike."""
    found: dict[tuple[int, int], list[int]] = {}
    for row, columns in enumerate(ellipse_rows(diameter)):
        found.setdefault(columns, []).append(row - diameter // 2)
    return found


def ellipse_rows(diameter: int) -> list[tuple[int, int]]:
    """Return for each row of the ellipse which columns belong to it, ``[left, right)`` relative to its centre."""
    radius = diameter // 2
    inverse = 1.0 / (radius * radius) if radius else 0.0
    rows = []
    for row in range(diameter):
        across = row - radius
        half = round(radius * max(0.0, 1.0 - across * across * inverse) ** 0.5) if abs(across) <= radius else -1
        left, right = max(radius - half, 0), min(radius + half + 1, diameter)
        rows.append((left - radius, right - radius))
    return rows
