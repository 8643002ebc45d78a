from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from persistence.spool import SpoolReader, SpoolWriter, remove_spool
from reelfleet.contract.errors import DiskFull, EncodeFailed
from tests.unit.persistence.builders import RATE, clip, spool, tone


def test_frames_come_back_as_they_were_written(tmp_path: Path) -> None:
    frames = clip()

    reader = spool(tmp_path / "s", frames)

    assert (reader.width, reader.height, reader.fps, reader.count) == (64, 48, 8.0, 9)
    assert np.array_equal(np.stack(list(reader.iter_frames())), frames)
    assert reader.audio() is None


def test_a_frame_that_is_a_view_of_something_larger_comes_back_whole(tmp_path: Path) -> None:
    larger = np.random.default_rng(0).integers(0, 255, (1, 48, 128, 3), np.uint8)

    reader = spool(tmp_path / "s", larger[:, :, ::2])

    assert np.array_equal(next(reader.iter_frames()), larger[0, :, ::2])


def test_sound_written_in_pieces_comes_back_in_one(tmp_path: Path) -> None:
    sound = tone()
    with SpoolWriter(tmp_path / "s") as writer:
        writer.begin_frames(64, 48, 8.0)
        writer.write_frame(clip()[0])
        writer.write_audio(sound[:1000], RATE)
        writer.write_audio(sound[1000:1000], RATE)
        writer.write_audio(sound[1000:], RATE)

    found, rate = SpoolReader(tmp_path / "s").audio()

    assert rate == RATE
    assert np.array_equal(found, sound)


def test_frames_are_read_from_the_file_and_cannot_be_changed(tmp_path: Path) -> None:
    frame = next(spool(tmp_path / "s").iter_frames())

    with pytest.raises(ValueError, match="read-only"):
        frame[0] = 0


@pytest.mark.parametrize(
    "frame",
    [np.zeros((48, 64, 4), np.uint8), np.zeros((64, 48, 3), np.uint8), np.zeros((48, 64, 3), np.float32)],
    ids=["rgba", "turned", "float"],
)
def test_a_frame_of_another_kind_is_refused(tmp_path: Path, frame: np.ndarray) -> None:
    writer = SpoolWriter(tmp_path / "s")
    writer.begin_frames(64, 48, 8.0)

    with pytest.raises(ValueError, match="uint8"):
        writer.write_frame(frame)


def test_sound_at_another_rate_is_refused(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path / "s")
    writer.write_audio(tone(), RATE)

    with pytest.raises(ValueError, match="2 channels at 24000 Hz"):
        writer.write_audio(tone(), 48_000)


def test_a_spool_that_was_not_finished_is_refused(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path / "s")
    writer.begin_frames(64, 48, 8.0)
    writer.write_frame(clip()[0])

    with pytest.raises(EncodeFailed, match="unfinished") as refused:
        SpoolReader(tmp_path / "s")

    assert refused.value.details == {"spool": "unfinished"}


def test_a_spool_that_is_gone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EncodeFailed, match="missing"):
        SpoolReader(tmp_path / "s")


def test_a_spool_that_lost_bytes_is_refused(tmp_path: Path) -> None:
    folder = spool(tmp_path / "s").folder
    with (folder / "frames.rgb24").open("r+b") as file:
        file.truncate(1000)

    with pytest.raises(EncodeFailed, match="1000 bytes"):
        SpoolReader(folder)


@pytest.mark.parametrize("index", ["", "{}", "[1]", json.dumps({"version": 1, "frames": {"width": -1, "height": 1, "count": 1}})])
def test_a_spool_with_a_broken_index_is_refused(tmp_path: Path, index: str) -> None:
    folder = spool(tmp_path / "s").folder
    (folder / "spool.json").write_text(index)

    with pytest.raises(EncodeFailed, match="index"):
        SpoolReader(folder)


def test_an_exception_while_writing_leaves_the_spool_unfinished(tmp_path: Path) -> None:
    def write_and_fail() -> None:
        with SpoolWriter(tmp_path / "s") as writer:
            writer.begin_frames(64, 48, 8.0)
            writer.write_frame(clip()[0])
            raise KeyError("in the middle")

    with pytest.raises(KeyError):
        write_and_fail()

    with pytest.raises(EncodeFailed):
        SpoolReader(tmp_path / "s")


def test_a_spool_without_frames_cannot_be_finished(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path / "s")
    writer.begin_frames(64, 48, 8.0)

    with pytest.raises(ValueError, match="at least one frame"):
        writer.close()


def test_writing_again_into_the_folder_of_an_earlier_try_starts_over(tmp_path: Path) -> None:
    spool(tmp_path / "s", clip(count=9))

    reader = spool(tmp_path / "s", clip(count=2))

    assert reader.count == 2


def test_a_try_that_is_not_finished_does_not_pass_for_the_earlier_one(tmp_path: Path) -> None:
    spool(tmp_path / "s")

    SpoolWriter(tmp_path / "s")

    with pytest.raises(EncodeFailed, match="unfinished"):
        SpoolReader(tmp_path / "s")


def test_a_spool_begun_anew_holds_nothing_of_the_first_try(tmp_path: Path) -> None:
    # Given a try that wrote frames of another size, and sound
    writer = SpoolWriter(tmp_path / "s")
    writer.begin_frames(32, 32, 8.0)
    writer.write_frame(np.zeros((32, 32, 3), np.uint8))
    writer.write_audio(tone(), RATE)

    # When
    writer.restart()
    writer.begin_frames(64, 48, 8.0)
    for frame in clip(count=2):
        writer.write_frame(frame)
    writer.close()

    # Then
    reader = SpoolReader(tmp_path / "s")
    assert np.array_equal(np.stack(list(reader.iter_frames())), clip(count=2))
    assert reader.audio() is None
    assert {path.name for path in (tmp_path / "s").iterdir()} == {"frames.rgb24", "spool.json"}


def test_a_disk_that_fills_up_is_told_as_such(tiny_disk: Path) -> None:
    writer = SpoolWriter(tiny_disk / "s")
    frame = np.zeros((256, 256, 3), np.uint8)
    writer.begin_frames(256, 256, 8.0)

    def write_on() -> None:
        for _ in range(10):
            writer.write_frame(frame)

    with pytest.raises(DiskFull, match=r"frames\.rgb24"):
        write_on()


def test_removing_a_spool_twice_is_fine(tmp_path: Path) -> None:
    folder = spool(tmp_path / "s").folder

    remove_spool(folder)
    remove_spool(folder)

    assert not folder.exists()


def test_a_spool_of_another_boot_of_the_machine_is_refused(tmp_path: Path) -> None:
    # Given a spool that was written before the machine was started anew
    folder = tmp_path / "s"
    spool(folder)
    index = json.loads((folder / "spool.json").read_text())
    (folder / "spool.json").write_text(json.dumps({**index, "boot_id": "an-earlier-boot"}))

    # Then nobody reads it
    with pytest.raises(EncodeFailed) as refused:
        SpoolReader(folder)
    assert refused.value.details == {"spool": "stale"}


def test_a_spool_is_flushed_where_boots_cannot_be_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("persistence.boot.BOOT_ID", tmp_path / "no-such-file")

    assert SpoolReader(spool(tmp_path / "s").folder).count == 9
    assert json.loads((tmp_path / "s" / "spool.json").read_text())["boot_id"] is None
