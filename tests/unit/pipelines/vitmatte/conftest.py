"""SAM 2 and ViTMatte with tiny random weights, loaded as real ones are, and a clip with two targets."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from config.catalogue import Catalogue, MattingEntry
from config.settings import Settings
from pipelines.device import detect_device
from pipelines.vitmatte import load_vitmatte
from pipelines.vitmatte.model import VitMatteModel

WIDTH, HEIGHT, FRAMES = 131, 97, 5


@pytest.fixture(scope="session")
def load(settings: Settings) -> Callable[[MattingEntry], VitMatteModel]:
    return lambda entry: load_vitmatte(entry, settings, detect_device("cpu"))


@pytest.fixture(scope="session")
def model(catalogue: Catalogue, load: Callable[[MattingEntry], VitMatteModel]) -> VitMatteModel:
    return load(catalogue.matting("tiny-vitmatte"))


@pytest.fixture(scope="session")
def clip() -> list[np.ndarray]:
    """A red patch that moves over a slope of colours; the frames' sides are odd."""
    return [_frame(shift) for shift in range(0, 2 * FRAMES, 2)]


@pytest.fixture(scope="session")
def masks() -> np.ndarray:
    """The patch, and the lower right corner."""
    made = np.zeros((2, HEIGHT, WIDTH), np.uint8)
    made[0, 24:48, 32:65] = 255
    made[1, 50:, 80:] = 255
    return made


def _frame(shift: int) -> np.ndarray:
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH]
    image = np.stack([columns * 255 // WIDTH, rows * 255 // HEIGHT, (rows + columns) % 256], -1).astype(np.uint8)
    image[24:48, 32 + shift : 65 + shift] = (250, 30, 40)
    return image
