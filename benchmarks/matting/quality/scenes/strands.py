"""Hair."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from benchmarks.matting.quality.scenes.drawing import Point, coarse, disc, pixels, skin, swaying, wall
from benchmarks.matting.quality.scenes.form import Field, Shot, shot

STRANDS = 18
WIDTH_OF_STRAND = 0.6
"""Pixels."""
HEAD, REACH = 24.0, 52.0
"""Where strands begin, and where the longest ends, in pixels from the centre."""
FINE = 4


def thin_strands(frames: int) -> Iterator[Shot]:
    """Yield a head with hair that stands off and waves, each strand thinner than a pixel."""
    x, y = pixels()
    for t in range(frames):
        centre = swaying(t, (80.0, 76.0))
        alpha = np.maximum(disc(x, y, centre, HEAD), coarse(_hair(centre, t, x.shape), FINE))
        yield shot(alpha, skin(x, y, centre), wall(x, y, t))


def _hair(centre: Point, t: int, size: tuple[int, ...]) -> Field:
    """Return 1 where a strand is and 0 elsewhere, for the parts of pixels."""
    random = np.random.default_rng(3)
    roots = -np.pi * (np.arange(STRANDS) + random.uniform(0.2, 0.8, STRANDS)) / STRANDS
    ends = random.uniform((HEAD + REACH) / 2, REACH, STRANDS)
    x, y = pixels(size[0], size[1], FINE)
    distance = np.hypot(x - centre[0], y - centre[1])
    angle = np.arctan2(y - centre[1], x - centre[0]) - 0.1 * np.sin(distance / 7 - 0.3 * t)
    hair = np.zeros_like(x)
    for root, end in zip(roots, ends, strict=True):
        hair[(np.abs(angle - root) * distance < WIDTH_OF_STRAND / 2) & (distance > HEAD - 1) & (distance < end)] = 1
    return hair
