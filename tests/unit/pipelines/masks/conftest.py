"""Mask makers with tiny random weights, loaded as real ones are, and a frame to make masks on."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from config.catalogue import Catalogue, MaskMakerEntry
from config.settings import Settings
from pipelines import tiny
from pipelines.device import detect_device
from pipelines.masks import MaskMaker, load_mask_maker


@pytest.fixture(scope="session")
def load(settings: Settings) -> Callable[[MaskMakerEntry], MaskMaker]:
    return lambda entry: load_mask_maker(entry, settings, detect_device("cpu"))


@pytest.fixture(scope="session")
def sam2(catalogue: Catalogue, load: Callable[[MaskMakerEntry], MaskMaker]) -> MaskMaker:
    return load(catalogue.mask_maker("tiny-sam2"))


@pytest.fixture(scope="session")
def sam3(catalogue: Catalogue, load: Callable[[MaskMakerEntry], MaskMaker]) -> MaskMaker:
    return load(catalogue.mask_maker("tiny-sam3"))


@pytest.fixture(scope="session")
def frame() -> np.ndarray:
    """A red patch on a slope of colours; its sides are odd."""
    return picture(131, 97)


def picture(width: int, height: int) -> np.ndarray:
    rows, columns = np.mgrid[0:height, 0:width]
    image = np.stack([columns * 255 // width, rows * 255 // height, (rows * 255 // height + columns * 255 // width) // 2], -1)
    image[height // 4 : height // 2, width // 4 : width // 2] = (250, 30, 40)
    return image.astype(np.uint8)


@pytest.fixture
def copied(catalogue: Catalogue, settings: Settings, tmp_path: Path) -> Callable[[str], tuple[MaskMakerEntry, Path]]:
    """A tiny model's folder that a test may spoil, and an entry that names it."""

    def copy(name: str) -> tuple[MaskMakerEntry, Path]:
        folder = Path(shutil.copytree(tiny.ensure(name, settings.cache_dir), tmp_path / name))
        data = catalogue.mask_maker(name).model_dump()
        return MaskMakerEntry.model_validate({**data, "source": {"kind": "folder", "path": folder}}), folder

    return copy
