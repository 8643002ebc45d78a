"""Subjects whose alpha is hard to get right within one frame."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from benchmarks.matting.quality.scenes.drawing import disc, pixels, skin, swaying, wall
from benchmarks.matting.quality.scenes.form import HALF, Shot, shot

ODD_HEIGHT, ODD_WIDTH = 97, 131


def soft_body(frames: int) -> Iterator[Shot]:
    """Yield a body whose edge is 14 pixels wide, as if out of focus."""
    x, y = pixels()
    for t in range(frames):
        centre = swaying(t)
        yield shot(disc(x, y, centre, 34, edge=14), skin(x, y, centre), wall(x, y, t))


def half_patch(frames: int) -> Iterator[Shot]:
    """Yield a body with a veil beside it, of which the alpha is 0.5 exactly; it moves by whole pixels."""
    x, y = pixels()
    for t in range(frames):
        centre = tuple(round(value) for value in swaying(t))
        veil = (np.abs(x - centre[0] - 18) < 30) & (np.abs(y - centre[1]) < 20)
        alpha = np.maximum(disc(x, y, (centre[0] - 16, centre[1]), 26), HALF * veil)
        yield shot(alpha, skin(x, y, (centre[0], centre[1])), wall(x, y, t))


def hole(frames: int) -> Iterator[Shot]:
    """Yield a ring: through its middle the background is seen."""
    x, y = pixels()
    for t in range(frames):
        centre = swaying(t)
        alpha = disc(x, y, centre, 40) * (1 - disc(x, y, centre, 18))
        yield shot(alpha, skin(x, y, centre), wall(x, y, t))


def odd_size(frames: int) -> Iterator[Shot]:
    """Yield a body in pictures of 131x97, which no stride divides."""
    x, y = pixels(ODD_HEIGHT, ODD_WIDTH)
    for t in range(frames):
        centre = swaying(t, (ODD_WIDTH / 2, ODD_HEIGHT / 2))
        yield shot(disc(x, y, centre, 28, edge=3), skin(x, y, centre), wall(x, y, t))
