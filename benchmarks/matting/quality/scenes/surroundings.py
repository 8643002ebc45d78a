"""Backgrounds that mislead."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.matting.quality.scenes.drawing import WIDTH, disc, pixels, skin, swaying, wall
from benchmarks.matting.quality.scenes.form import Shot, over, shot
from benchmarks.matting.quality.scenes.texture import Texture

RADIUS = 26.0
AFTER = Texture((0.62, 0.60, 0.30), 0.3, seed=5)
"""Of the background behind the cut."""


def distractor(frames: int) -> Iterator[Shot]:
    """Yield a body behind which another of the same colours goes across from edge to edge; only the first is the subject."""
    x, y = pixels()
    for t in range(frames):
        centre, other = swaying(t), (-RADIUS + (t + 0.5) / frames * (WIDTH + 2 * RADIUS), 70.0)
        behind = over(disc(x, y, other, RADIUS - 4, edge=3), skin(x, y, other), wall(x, y, t))
        yield shot(disc(x, y, centre, RADIUS, edge=3), skin(x, y, centre), behind)


def cut(frames: int) -> Iterator[Shot]:
    """Yield a body that goes on as it was while the background changes at once, halfway."""
    x, y = pixels()
    for t in range(frames):
        centre = swaying(t)
        behind = wall(x, y, t, AFTER) if frames > 1 and t >= frames // 2 else wall(x, y, t)
        yield shot(disc(x, y, centre, RADIUS, edge=3), skin(x, y, centre), behind)
