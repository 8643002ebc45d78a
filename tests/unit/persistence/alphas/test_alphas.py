"""What is written of alphas is read again, in any order, and nothing unfinished or changed is taken."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from persistence.alphas.reader import AlphaReader, is_whole
from persistence.alphas.writer import AlphaWriter
from reelfleet.contract.errors import DiskFull, EncodeFailed

SIZE = (5, 3)
FRAMES = 4


def alpha_of(frame: int, target: str = "subject") -> np.ndarray:
    return np.full((SIZE[1], SIZE[0]), 10 * frame + len(target), np.uint8)


@pytest.fixture
def segments(tmp_path) -> Path:
    return tmp_path / "segments"


@pytest.fixture
def writer(segments):
    writer = AlphaWriter(segments, prefix=7)
    yield writer
    writer.release()


def finish(writer: AlphaWriter, folder: Path, *, targets: tuple[str, ...] = ("subject",), start: int = 0, count: int = FRAMES) -> None:
    writer.finish(folder, targets=targets, size=SIZE, start=start, count=count)


def write_all(writer: AlphaWriter, frames=range(FRAMES), target: str = "subject") -> None:
    for frame in frames:
        writer.write(target, frame, alpha_of(frame, target))


def test_alphas_come_back_bit_for_bit_whatever_the_order_they_were_written_in(writer, segments, tmp_path):
    # Given alphas of two targets, one written backward, over several segments
    write_all(writer)
    writer.close_segment()
    write_all(writer, reversed(range(FRAMES)), "dog")
    finish(writer, tmp_path / "attempt", targets=("subject", "dog"))

    with AlphaReader(tmp_path / "attempt", segments) as reader:
        read = {(target, frame): reader.alpha(target, frame) for target in reader.targets for frame in range(FRAMES)}

    assert all(np.array_equal(alpha, alpha_of(frame, target)) for (target, frame), alpha in read.items())


def test_a_closed_segment_can_be_looked_into_with_any_tool(writer, segments):
    write_all(writer, [0, 12])

    (segment,) = writer.close_segment()

    assert zipfile.ZipFile(segments / segment.name).namelist() == ["subject/00000000.png", "subject/00000012.png"]


def test_work_goes_on_after_the_segments_that_were_closed_before(writer, segments, tmp_path):
    # Given an attempt that died after its checkpoint
    write_all(writer, [0, 1])
    closed = writer.close_segment()
    writer.write("subject", 2, alpha_of(9))
    writer.release()

    # When the next one goes on from there
    successor = AlphaWriter(segments, prefix=8)
    successor.go_on_with(closed)
    write_all(successor, [2, 3])
    finish(successor, tmp_path / "attempt")
    successor.release()

    # Then all is there, and of what the first one left open nothing is
    with AlphaReader(tmp_path / "attempt", segments) as reader:
        assert np.array_equal(reader.alpha("subject", 2), alpha_of(2))
    assert sorted(path.name for path in segments.iterdir()) == ["7-1.zip", "8-1.zip"]


def test_starting_over_forgets_what_was_written(writer, segments, tmp_path):
    writer.write("subject", 0, alpha_of(9))
    writer.go_on_with(())
    write_all(writer)
    finish(writer, tmp_path / "attempt")

    with AlphaReader(tmp_path / "attempt", segments) as reader:
        assert np.array_equal(reader.alpha("subject", 0), alpha_of(0))


def test_an_attempt_without_an_index_is_unfinished(segments, tmp_path):
    (tmp_path / "attempt").mkdir()

    with pytest.raises(EncodeFailed, match="unfinished") as caught:
        AlphaReader(tmp_path / "attempt", segments)

    assert caught.value.details == {"spool": "unfinished"}


def test_a_missing_alpha_is_named(writer, segments, tmp_path):
    write_all(writer, [0, 1, 3])
    finish(writer, tmp_path / "attempt")

    with pytest.raises(EncodeFailed, match=r"1 alphas are missing, the first is subject/00000002\.png"):
        AlphaReader(tmp_path / "attempt", segments)


@pytest.mark.parametrize("harm", [lambda path: path.unlink(), lambda path: path.write_bytes(path.read_bytes()[:-1] + b"x")])
def test_a_segment_that_is_not_as_it_was_closed_is_refused(harm, writer, segments, tmp_path):
    write_all(writer)
    finish(writer, tmp_path / "attempt")
    harm(segments / "7-1.zip")

    with pytest.raises(EncodeFailed, match=r"7-1\.zip is not as it was closed, or gone"):
        AlphaReader(tmp_path / "attempt", segments)


def test_a_closed_segment_is_whole(writer, segments):
    write_all(writer)

    (segment,) = writer.close_segment()

    assert is_whole(segments / segment.name, segment)


def test_alphas_of_another_boot_are_not_trusted(writer, segments, tmp_path):
    write_all(writer)
    finish(writer, tmp_path / "attempt")
    index = tmp_path / "attempt" / "alphas.json"
    index.write_text(json.dumps({**json.loads(index.read_text()), "boot_id": "another"}))

    with pytest.raises(EncodeFailed, match="started anew"):
        AlphaReader(tmp_path / "attempt", segments)


def test_a_full_disk_is_told_to_whoever_writes_next(tiny_disk):
    # Given a writer on a disk that holds next to nothing
    full = AlphaWriter(tiny_disk / "segments", prefix=1)
    noise = np.random.default_rng(1).integers(0, 256, (700, 700), np.uint8)

    # When more is written than fits
    def write() -> None:
        for frame in range(20):
            full.write("subject", frame, noise)
        full.close_segment()

    # Then it is said so
    with pytest.raises(DiskFull):
        write()
    full.release()
    assert list((tiny_disk / "segments").iterdir()) == []


def test_a_long_matting_keeps_only_a_few_of_its_segments_open(writer, segments, tmp_path):
    # Given as many segments as a long matting has checkpoints
    count = 60
    for frame in range(count):
        writer.write("subject", frame, alpha_of(frame % 20))
        writer.close_segment()
    finish(writer, tmp_path / "attempt", count=count)

    with AlphaReader(tmp_path / "attempt", segments) as reader:
        for frame in range(count):
            reader.alpha("subject", frame)

        opened = [link for link in Path("/proc/self/fd").iterdir() if link.is_symlink() and link.readlink().parent == segments]
    assert 0 < len(opened) <= 16
