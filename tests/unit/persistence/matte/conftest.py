from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from tests.unit.persistence.matte.builders import COUNT, make_clip, moving


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", count=COUNT)


@pytest.fixture(scope="module")
def odd_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_clip(tmp_path_factory.mktemp("odd") / "clip.mp4", count=5, picture=lambda number: moving(number, 49, 35))


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "still.png"
    Image.fromarray(moving(0, 49, 33)).save(path)
    return path
