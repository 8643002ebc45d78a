from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from persistence.metadata import read_metadata
from persistence.metadata_text import fits_jpeg, metadata_json
from persistence.writers.audio import AUDIO_WRITERS
from persistence.writers.image import IMAGE_WRITERS, SUFFIXES
from persistence.writers.video import VideoJob, write_video
from reelfleet.contract.errors import InputUnreadable
from reelfleet.contract.output import AudioFormat, ImageFormat, OutputOptions, VideoContainer
from tests.unit.persistence.builders import FPS, HEIGHT, RATE, WIDTH, clip, tone

KINDS = [kind.value for kind in (*VideoContainer, *ImageFormat, *AudioFormat)]
TRICKY: dict[str, Any] = {
    "prompt": 'é 龍 🪁 <b>&amp;</b> "quoted" \\ back \n new \t tab = ; # \u2028 end',
    "seed": "18446744073709551615",
    "nested": {"list": [1, 2.5, None, True], "empty": ""},
}


def write(folder: Path, kind: str, text: str | None) -> Path:
    """Write a small file of a kind with embedded metadata."""
    frames = clip(count=2)
    if kind in set(ImageFormat):
        path = folder / f"file{SUFFIXES[ImageFormat(kind)]}"
        IMAGE_WRITERS[ImageFormat(kind)](path, frames[0], 90, text)
    elif kind in set(AudioFormat):
        path = folder / f"file.{kind}"
        AUDIO_WRITERS[AudioFormat(kind)](path, tone(), RATE, text)
    else:
        path = folder / f"file.{kind}"
        write_video(path, VideoJob(WIDTH, HEIGHT, FPS, OutputOptions(container=VideoContainer(kind)), comment=text), frames, lambda _: None)
    return path


@pytest.mark.parametrize("kind", KINDS)
def test_embedded_metadata_comes_back_as_it_went_in(tmp_path: Path, kind: str) -> None:
    path = write(tmp_path, kind, metadata_json(TRICKY))

    assert read_metadata(path) == TRICKY


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "jpeg"])
def test_metadata_of_any_length_comes_back(tmp_path: Path, kind: str) -> None:
    long = {"prompt": "ä" * 150_000}

    assert read_metadata(write(tmp_path, kind, metadata_json(long))) == long


def test_metadata_that_just_fits_a_jpeg_comes_back(tmp_path: Path) -> None:
    text = next(text for length in range(66_000, 0, -500) if fits_jpeg(text := metadata_json({"prompt": "x" * length})))

    path = write(tmp_path, "jpeg", text)

    assert len(text) > 60_000
    assert metadata_json(read_metadata(path)) == text


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_without_metadata_has_none(tmp_path: Path, kind: str) -> None:
    assert read_metadata(write(tmp_path, kind, None)) is None


def test_a_sidecar_is_read_before_the_file_itself(tmp_path: Path) -> None:
    path = write(tmp_path, "png", metadata_json({"from": "inside"}))
    (tmp_path / "file.png.json").write_text('{"from":"beside"}')

    assert read_metadata(path) == {"from": "beside"}


@pytest.mark.parametrize("kind", ["jpeg", "webp"])
def test_metadata_survives_a_program_that_drops_exif(tmp_path: Path, kind: str) -> None:
    path = write(tmp_path, kind, metadata_json(TRICKY))
    with Image.open(path) as image:
        image.save(path, xmp=image.info["xmp"], exif=b"")

    assert read_metadata(path) == TRICKY


@pytest.mark.parametrize(
    ("name", "data"), [("clip.mp4", b"no video"), ("still.png", b""), ("s.wav", b"RIFF"), ("clip.xyz", b""), ("s.flac", b"x")]
)
def test_a_file_that_cannot_be_read_says_so(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)

    with pytest.raises(InputUnreadable, match=name):
        read_metadata(tmp_path / name)


@pytest.mark.parametrize("text", ["not json", "[1]", '"text"'])
def test_metadata_that_is_no_object_says_so(tmp_path: Path, text: str) -> None:
    path = write(tmp_path, "png", text)

    with pytest.raises(InputUnreadable, match=r"file\.png"):
        read_metadata(path)
