"""Subjects that move so that following them is hard."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from benchmarks.matting.quality.scenes.drawing import MIDDLE, WIDTH, Point, disc, pixels, skin, wall
from benchmarks.matting.quality.scenes.form import Shot, shot

SHUTTER = 0.5
"""Part of a frame's time during which light falls in: film's usual 180 degrees."""
MOMENTS = 24
RADIUS = 24.0


def motion_blur(frames: int) -> Iterator[Shot]:
    """Yield a body that swings fast; its alpha is the mean over the time that the shutter is open, at up to 18 pixels' way."""
    x, y = pixels()
    for t in range(frames):
        moments = t + SHUTTER * ((np.arange(MOMENTS) + 0.5) / MOMENTS - 0.5)
        alpha = np.mean([disc(x, y, _swinging(moment), RADIUS) for moment in moments], axis=0)
        yield shot(alpha, skin(x, y, _swinging(t)), wall(x, y, t))


def exit_and_reentry(frames: int) -> Iterator[Shot]:
    """Yield a body that leaves the picture whole and comes back; in about the middle two fifths of the frames there is none."""
    x, y = pixels()
    for t in range(frames):
        away = float(np.interp(t / frames, (0.1, 0.4, 0.6, 0.9), (0, 1, 1, 0)))
        centre = (MIDDLE[0] + away * WIDTH, MIDDLE[1])
        yield shot(disc(x, y, centre, RADIUS, edge=3), skin(x, y, centre), wall(x, y, t))


def _swinging(t: float) -> Point:
    return MIDDLE[0] + 40 * float(np.sin(0.9 * t)), MIDDLE[1]
