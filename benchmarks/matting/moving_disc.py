"""A clip that is drawn on the spot, frame by frame, so that no clip of any length takes memory."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]


def frame(t: int, height: int, width: int) -> Picture:
    """Return frame ``t``, (height, width, 3): waves, and a disc that goes to and fro in front of them."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    waves = np.stack([0.5 + 0.5 * np.sin(x * 0.03 * (i + 1) + y * 0.02 * (3 - i) + 0.3 * t + i) for i in range(3)], axis=-1)
    waves[_disc(t, height, width)] *= 0.3
    return np.round(waves * 255).astype(np.uint8)


def mask(height: int, width: int) -> Picture:
    """Return the disc of frame 0, (height, width), 0 or 255."""
    return _disc(0, height, width).astype(np.uint8) * 255


def _disc(t: int, height: int, width: int) -> npt.NDArray[np.bool_]:
    y, x = np.ogrid[0:height, 0:width]
    across = width * (0.5 + 0.2 * np.sin(0.1 * t))
    return np.asarray((x - across) ** 2 + (y - height / 2) ** 2 < (height / 4) ** 2)
