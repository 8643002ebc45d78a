from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from persistence.writers.image import IMAGE_WRITERS
from persistence.writers.jpeg import write_jpeg
from persistence.writers.png import write_png
from persistence.writers.webp import write_webp
from reelfleet.contract.errors import DiskFull, Unsupported
from reelfleet.contract.output import ImageFormat
from tests.unit.persistence.builders import clip
from tests.unit.persistence.other_decoder import psnr


def open_pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def test_png_keeps_every_pixel(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (31, 33, 3), np.uint8)

    write_png(tmp_path / "still", noise, 1, None)

    assert np.array_equal(open_pixels(tmp_path / "still"), noise)


@pytest.mark.parametrize("kind", [ImageFormat.JPEG, ImageFormat.WEBP])
@pytest.mark.parametrize("size", [(64, 48), (33, 31)])
def test_lossy_images_look_like_what_went_in(tmp_path: Path, kind: ImageFormat, size: tuple[int, int]) -> None:
    (frame,) = clip(*size, 1)

    IMAGE_WRITERS[kind](tmp_path / "still", frame, 95, "{}")

    assert psnr(open_pixels(tmp_path / "still"), frame) > 36


@pytest.mark.parametrize("kind", [ImageFormat.JPEG, ImageFormat.WEBP])
def test_a_lower_quality_makes_a_smaller_image(tmp_path: Path, kind: ImageFormat) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)

    IMAGE_WRITERS[kind](tmp_path / "good", noise, 95, None)
    IMAGE_WRITERS[kind](tmp_path / "poor", noise, 20, None)

    assert (tmp_path / "poor").stat().st_size < (tmp_path / "good").stat().st_size / 2


@pytest.mark.parametrize("kind", list(ImageFormat))
def test_the_same_pixels_give_the_same_bytes(tmp_path: Path, kind: ImageFormat) -> None:
    (frame,) = clip(count=1)

    for name in ("one", "two"):
        IMAGE_WRITERS[kind](tmp_path / name, frame, 90, '{"a":1}')

    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


@pytest.mark.parametrize("kind", list(ImageFormat))
def test_a_full_disk_is_told_as_such(tmp_path: Path, no_space_at: Callable[[Path], None], kind: ImageFormat) -> None:
    no_space_at(tmp_path / "still")

    with pytest.raises(DiskFull, match="still"):
        IMAGE_WRITERS[kind](tmp_path / "still", clip(count=1)[0], 90, None)


def test_a_jpeg_of_high_quality_keeps_full_colour_resolution(tmp_path: Path) -> None:
    stripes = np.zeros((16, 64, 3), np.uint8)
    stripes[:, ::2] = (255, 0, 0)
    stripes[:, 1::2] = (0, 0, 255)

    write_jpeg(tmp_path / "still", stripes, 95, None)

    assert np.abs(open_pixels(tmp_path / "still").astype(int) - stripes).mean() < 12


def test_an_image_larger_than_webp_can_be_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(Unsupported, match="16383"):
        write_webp(tmp_path / "still", np.zeros((1, 16_384, 3), np.uint8), 90, None)
