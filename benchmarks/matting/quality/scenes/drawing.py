"""Places and shapes."""

from __future__ import annotations

import numpy as np

from benchmarks.matting.quality.scenes.form import Field
from benchmarks.matting.quality.scenes.texture import Texture

HEIGHT, WIDTH = 128, 160
MIDDLE = (WIDTH / 2, HEIGHT / 2)
SKIN = Texture((0.75, 0.45, 0.35), 0.22, seed=1)
"""Of every subject."""
WALL = Texture((0.30, 0.45, 0.55), 0.25, seed=2)
"""Of every background that is not said to be another."""
SHARP = 1.0
"""Width of an edge, in pixels, that is only as soft as a lens makes it."""
Point = tuple[float, float]


def pixels(height: int = HEIGHT, width: int = WIDTH, fine: int = 1) -> tuple[Field, Field]:
    """Return x and y of the centres of pixels, or of ``fine`` x ``fine`` parts of each."""
    y, x = np.meshgrid((np.arange(height * fine) + 0.5) / fine, (np.arange(width * fine) + 0.5) / fine, indexing="ij")
    return x, y


def coarse(parts: Field, fine: int) -> Field:
    """Return the mean of the parts of each pixel."""
    height, width = parts.shape
    means: Field = parts.reshape(height // fine, fine, width // fine, fine).mean(axis=(1, 3))
    return means


def disc(x: Field, y: Field, centre: Point, radius: float, edge: float = SHARP) -> Field:
    """Return the alpha of a disc: 1 inside, 0 outside, falling over ``edge`` pixels (a smoothstep) across the rim."""
    inwards = np.clip((radius - np.hypot(x - centre[0], y - centre[1])) / edge + 0.5, 0, 1)
    return inwards * inwards * (3 - 2 * inwards)


def skin(x: Field, y: Field, centre: Point) -> Field:
    """Return the subject's colours; they go with the subject."""
    return SKIN.at(x - centre[0], y - centre[1])


def wall(x: Field, y: Field, t: int, texture: Texture = WALL) -> Field:
    """Return the background at frame ``t``: the camera pans by half a pixel a frame."""
    return texture.at(x + 0.5 * t, y)


def swaying(t: float, middle: Point = MIDDLE) -> Point:
    """Return where a subject is that sways slowly, two pixels a frame at most."""
    return middle[0] + 16 * float(np.sin(0.12 * t)), middle[1] + 5 * float(np.sin(0.2 * t))
