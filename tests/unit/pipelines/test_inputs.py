"""Images that a job starts or ends with."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from pipelines import tiny
from pipelines.images import fill, read_image
from reelfleet.contract.errors import InputUnreadable, InvalidConfig, Unsupported

RED, BLUE = (255, 0, 0), (0, 0, 255)


def _save(path: Path, colour: tuple[int, int, int], size: tuple[int, int] = (64, 64)) -> Path:
    Image.new("RGB", size, colour).save(path)
    return path


def test_clip_follows_its_start_image(studio, tmp_path):
    # Given
    images = [_save(tmp_path / f"{colour}.png", colour) for colour in (RED, BLUE)]

    # When
    red, blue = (studio.generate("tiny-wan-i2v", inputs={"image_start": image}) for image in images)

    # Then
    assert np.abs(red.frames.astype(int) - blue.frames).mean() > 1


def test_end_image_changes_the_clip(studio, tmp_path):
    # Given
    image = _save(tmp_path / "end.png", RED)

    # When
    clip = studio.generate("tiny-wan-i2v", inputs={"image_end": image})

    # Then
    assert not np.array_equal(clip.frames, studio.default_clip("tiny-wan-i2v").frames)


def test_file_that_is_no_image_is_unreadable(studio, tmp_path):
    # Given
    (tmp_path / "start.png").write_text("not an image")

    # When / Then
    with pytest.raises(InputUnreadable, match=r"image_start: start\.png cannot be decoded"):
        studio.generate("tiny-wan-i2v", inputs={"image_start": tmp_path / "start.png"})


def test_image_that_breaks_off_is_unreadable(picture, tmp_path):
    # Given
    (tmp_path / "half.png").write_bytes(picture.read_bytes()[:5000])

    # When / Then
    with pytest.raises(InputUnreadable):
        read_image("image_start", tmp_path / "half.png")


@pytest.mark.parametrize(("size", "target"), [((200, 100), (40, 40)), ((100, 200), (40, 40)), ((20, 20), (64, 32))])
def test_image_covers_the_size_without_stretching(size, target):
    # Given: a white square in the middle of black
    image = Image.new("RGB", size)
    side = min(size) // 2
    left, top = (size[0] - side) // 2, (size[1] - side) // 2
    image.paste((255, 255, 255), (left, top, left + side, top + side))

    # When
    filled = np.asarray(fill(image, *target).convert("L")) > 127

    # Then: it is still a square in the middle
    rows, columns = np.flatnonzero(filled.any(axis=1)), np.flatnonzero(filled.any(axis=0))
    assert filled.shape == target[::-1]
    assert abs(len(rows) - len(columns)) <= 1
    assert abs(rows.mean() - (target[1] - 1) / 2) <= 0.5
    assert abs(columns.mean() - (target[0] - 1) / 2) <= 0.5


def test_image_is_turned_as_the_camera_was_held(tmp_path):
    # Given
    image = Image.new("RGB", (20, 10))
    exif = image.getexif()
    exif[0x0112] = 6
    image.save(tmp_path / "turned.jpg", exif=exif)

    # When / Then
    assert read_image("image_start", tmp_path / "turned.jpg").size == (10, 20)


@pytest.mark.parametrize(("mode", "colour", "seen"), [("RGBA", (255, 0, 0, 0), (0, 0, 0)), ("L", 77, (77, 77, 77)), ("P", 0, (0, 0, 0))])
def test_other_modes_become_rgb_on_black(tmp_path, mode, colour, seen):
    # Given
    Image.new(mode, (4, 4), colour).save(tmp_path / "image.png")

    # When
    image = read_image("image_start", tmp_path / "image.png")

    # Then
    assert (image.mode, image.getpixel((0, 0))) == ("RGB", seen)


def test_model_with_an_optional_image_runs_its_other_class_when_one_is_given(make_studio, as_entry, settings, tmp_path):
    # Given: a model like TI2V 5B, one transformer for text and for images
    folder = Path(shutil.copytree(tiny.ensure("tiny-wan", settings.cache_dir), tmp_path / "ti2v"))
    index = json.loads((folder / "model_index.json").read_text())
    (folder / "model_index.json").write_text(json.dumps(index | {"expand_timesteps": True}))
    studio = make_studio([_with_optional_image(as_entry, "tiny-wan", "WanImageToVideoPipeline", folder)])
    image = _save(tmp_path / "red.png", RED)

    # When
    without, given = studio.generate("mine"), studio.generate("mine", inputs={"image_start": image})

    # Then
    assert without.frames.shape == given.frames.shape
    assert not np.array_equal(without.frames, given.frames)
    assert np.array_equal(studio.generate("mine").frames, without.frames)


@pytest.mark.parametrize(("model", "other"), [("tiny-ltx", "LTXImageToVideoPipeline"), ("tiny-ltx2", "LTX2ImageToVideoPipeline")])
def test_ltx_takes_a_start_image_by_its_other_class(make_studio, as_entry, settings, tmp_path, studio, model, other):
    # Given
    worker = make_studio([_with_optional_image(as_entry, model, other, tiny.ensure(model, settings.cache_dir))])
    image = _save(tmp_path / "red.png", RED)

    # When
    given = worker.generate("mine", inputs={"image_start": image})

    # Then
    assert not np.array_equal(given.frames, studio.default_clip(model).frames)
    assert np.array_equal(worker.generate("mine").frames, studio.default_clip(model).frames)


def test_sibling_shares_the_weights(make_studio, as_entry, settings, tmp_path, monkeypatch):
    # Given
    folder = tiny.ensure("tiny-ltx", settings.cache_dir)
    worker = make_studio([_with_optional_image(as_entry, "tiny-ltx", "LTXImageToVideoPipeline", folder)])
    worker.engine.warm("mine")
    before = worker.engine._models.held_bytes
    loads = []
    monkeypatch.setattr(torch.nn.Module, "load_state_dict", lambda *_, **__: loads.append(1))

    # When
    worker.generate("mine", inputs={"image_start": _save(tmp_path / "red.png", RED)})

    # Then
    assert loads == []
    assert worker.engine._models.held_bytes == before


def test_input_that_the_catalogue_gives_no_argument_is_a_config_error(make_studio, as_entry, tmp_path):
    # Given
    entry = as_entry("tiny-wan-i2v", "mine", pipeline={"input_arguments": {"image_end": "last_image"}})

    # When / Then
    with pytest.raises(InvalidConfig, match=r"mine\.toml: pipeline\.input_arguments: image_start"):
        make_studio([entry]).generate("mine", inputs={"image_start": _save(tmp_path / "red.png", RED)})


def test_input_that_no_pipeline_takes_is_unsupported(make_studio, as_entry, picture):
    # Given
    entry = as_entry("tiny-wan", "mine", card={"inputs": ["video_source"]})

    # When / Then
    with pytest.raises(Unsupported, match="no pipeline takes video_source yet"):
        make_studio([entry]).generate("mine", inputs={"video_source": picture})


def _with_optional_image(as_entry, model: str, other: str, folder: Path):
    return as_entry(
        model,
        "mine",
        card={"inputs": ["image_start"]},
        source={"kind": "folder", "path": folder},
        pipeline={"class_with_inputs": other, "input_arguments": {"image_start": "image"}},
    )
