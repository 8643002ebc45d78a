from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from persistence.artifacts_image import write_image_artifact
from persistence.checks import check_video
from persistence.finish import finish_file
from persistence.probes.video import probe_video
from persistence.writers.video import VideoJob, write_video
from reelfleet.contract.errors import EncodeFailed
from reelfleet.contract.output import OutputOptions
from tests.unit.persistence.builders import FPS, FRAMES, HEIGHT, RATE, WIDTH, clip, tone


def write_clip(path: Path, count: int = FRAMES, **more) -> VideoJob:
    job = VideoJob(WIDTH, HEIGHT, FPS, OutputOptions(), **more)
    write_video(path, job, clip(count=count), lambda _: None)
    return job


def no_probe(_: Path) -> None:
    return None


def test_a_file_gets_its_name_only_after_it_was_found_good(tmp_path: Path) -> None:
    seen: list[list[str]] = []

    def look(part: Path) -> None:
        seen.append([path.name for path in tmp_path.iterdir()])

    finish_file(tmp_path / "file.bin", write=lambda part: part.write_bytes(b"abc"), probe=look)

    assert seen == [["file.bin.part"]]
    assert [path.name for path in tmp_path.iterdir()] == ["file.bin"]


def test_a_file_that_is_not_good_is_removed(tmp_path: Path) -> None:
    def refuse(part: Path) -> None:
        raise EncodeFailed("torn")

    with pytest.raises(EncodeFailed, match="torn"):
        finish_file(tmp_path / "file.bin", write=lambda part: part.write_bytes(b"abc"), probe=refuse)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("cut", [0.99, 0.5, 0.0])
def test_a_video_that_lost_its_end_is_noticed(tmp_path: Path, cut: float) -> None:
    job = write_clip(tmp_path / "clip.mp4")
    whole = (tmp_path / "clip.mp4").read_bytes()
    (tmp_path / "clip.mp4").write_bytes(whole[: int(len(whole) * cut)])

    with pytest.raises(EncodeFailed, match=r"clip\.mp4"):
        check_video("clip.mp4", probe_video(tmp_path / "clip.mp4"), job, FRAMES)


def test_a_video_that_misses_a_frame_is_noticed(tmp_path: Path) -> None:
    job = write_clip(tmp_path / "clip.mp4", FRAMES - 1)

    with pytest.raises(EncodeFailed, match="frames 8 instead of 9"):
        check_video("clip.mp4", probe_video(tmp_path / "clip.mp4"), job, FRAMES)


@pytest.mark.parametrize(("written", "asked"), [(None, tone()), (tone(), None), (tone(0.5), tone()), (tone(channels=1), tone())])
def test_sound_that_is_missing_short_or_too_much_is_noticed(tmp_path: Path, written, asked) -> None:
    write_clip(tmp_path / "clip.mp4", sound=None if written is None else (written, RATE))
    job = VideoJob(WIDTH, HEIGHT, FPS, OutputOptions(), sound=None if asked is None else (asked, RATE))

    with pytest.raises(EncodeFailed, match="audio"):
        check_video("clip.mp4", probe_video(tmp_path / "clip.mp4"), job, FRAMES)


def test_metadata_that_did_not_get_into_the_file_is_noticed(tmp_path: Path) -> None:
    with pytest.raises(EncodeFailed, match="metadata"):
        finish_file(tmp_path / "clip.mp4", write=write_clip, probe=no_probe, metadata='{"a":1}')


def test_a_rest_of_an_earlier_try_is_no_obstacle(tmp_path: Path, no_space_at: Callable[[Path], None]) -> None:
    (tmp_path / "still.png.part").write_bytes(b"half a picture")

    artifact = write_image_artifact(clip()[0], OutputOptions(), folder=tmp_path, stem="still", metadata=None)

    assert artifact.path.exists()
    assert [path.name for path in tmp_path.iterdir()] == ["still.png"]
