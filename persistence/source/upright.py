"""From stored pictures to pictures as they are viewed: upright."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

QUARTER = 90
FULL = 360


def rotation_of(frame: Any) -> int:
    """Return by how many degrees clockwise a frame of PyAV is turned for viewing: 0, 90, 180 or 270; PyAV tells it counter-clockwise."""
    counter_clockwise: float = frame.rotation
    return round(-counter_clockwise / QUARTER) * QUARTER % FULL


def turn(picture: NDArray[np.uint8], rotation: int) -> NDArray[np.uint8]:
    """Return a picture (height, width, …) turned clockwise by a multiple of 90 degrees."""
    return np.ascontiguousarray(np.rot90(picture, -rotation // QUARTER))
