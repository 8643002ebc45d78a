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
    height, width = seeds.shape
    counts = np.zeros((height, width + 1), np.int32)
    np.cumsum(seeds, axis=1, out=counts[:, 1:])
    reached = np.zeros_like(seeds)
    columns = np.arange(width)
    for row, (left, right) in enumerate(ellipse_rows(diameter)):
        offset = row - diameter // 2
        source = slice(max(0, offset), min(height, height + offset))
        target = slice(max(0, -offset), min(height, height - offset))
        begin, end = np.clip(columns + left, 0, width), np.clip(columns + right, 0, width)
        if source.start < source.stop:
            reached[target] |= counts[source][:, end] > counts[source][:, begin]
    return reached


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
