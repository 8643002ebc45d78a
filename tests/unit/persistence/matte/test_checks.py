from __future__ import annotations

import dataclasses
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from persistence.matte.archive import FrameArchive, probe_archive
from persistence.matte.checks import ExpectedTrack, check_archive, check_matte_video
from persistence.probes.facts import FrameTimes, VideoFacts
from persistence.writers.video import VideoJob
from persistence.writers.video_encoders import ALPHA_ENCODERS
from reelfleet.contract.errors import EncodeFailed
from reelfleet.contract.manifest import AudioTrack
from reelfleet.contract.output import OutputOptions, VideoCodec

STARTS, END = [0, 3003, 9000], 12_000
TICK = Fraction(1, 90_000)
JOB = VideoJob(48, 34, 10.0, OutputOptions(), time_base=TICK)
TRACK = ExpectedTrack("aac", 2, 1.0, "eng")
FOUND = AudioTrack(codec="aac", sample_rate=48_000, channels=2, duration_s=1.02, language="eng")
FACTS = VideoFacts("h264", 48, 34, 10.0, 3, (FOUND,), FrameTimes(TICK, STARTS, END * TICK))


def test_a_file_that_holds_what_was_asked_for_passes() -> None:
    check_matte_video("clip.mp4", FACTS, JOB, STARTS, END, [TRACK])


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"codec": "h265"}, "codec h265"),
        ({"width": 50}, "width 50"),
        ({"height": 36}, "height 36"),
        ({"frames": 2}, "frames 2 instead of 3"),
        ({"alpha": True}, "alpha True"),
        ({"times": FrameTimes(TICK, [0, 3004, 9000], END * TICK)}, "frame 1 at 0.033378"),
        ({"times": FrameTimes(TICK, [-1, 3003, 9000], END * TICK)}, "frame 0"),
        ({"times": FrameTimes(TICK, [100, 3103, 9100], END * TICK)}, "frame 0"),
        ({"times": FrameTimes(TICK, STARTS, (END - 91) * TICK)}, "the end"),
        ({"times": FrameTimes(TICK, STARTS, None)}, "the end"),
        ({"times": None}, "not told"),
        ({"audio_tracks": ()}, "0 tracks instead of 1"),
        ({"audio_tracks": (FOUND, FOUND)}, "2 tracks instead of 1"),
        ({"audio_tracks": (FOUND.model_copy(update={"codec": "opus"}),)}, "codec opus"),
        ({"audio_tracks": (FOUND.model_copy(update={"channels": 1}),)}, "1 channels"),
        ({"audio_tracks": (FOUND.model_copy(update={"duration_s": 0.8}),)}, "0.800 s"),
        ({"audio_tracks": (FOUND.model_copy(update={"language": "deu"}),)}, "language deu"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_video_that_differs_in_anything_is_noticed(change: dict, told: str) -> None:
    with pytest.raises(EncodeFailed, match=told):
        check_matte_video("clip.mp4", dataclasses.replace(FACTS, **change), JOB, STARTS, END, [TRACK])


def test_a_lost_alpha_channel_is_noticed() -> None:
    job = dataclasses.replace(JOB, special_encoder=ALPHA_ENCODERS[VideoCodec.PRORES])

    with pytest.raises(EncodeFailed, match="alpha False instead of True"):
        check_matte_video("clip.mov", FACTS, job, STARTS, END, [TRACK])


def test_a_container_that_counts_milliseconds_is_held_to_half_of_one() -> None:
    rounded = FrameTimes(Fraction(1, 1000), [0, 33, 100], Fraction(133, 1000))
    off = FrameTimes(Fraction(1, 1000), [0, 34, 100], Fraction(133, 1000))

    check_matte_video("clip.mkv", dataclasses.replace(FACTS, times=rounded), JOB, STARTS, END, [TRACK])
    with pytest.raises(EncodeFailed, match="frame 1"):
        check_matte_video("clip.mkv", dataclasses.replace(FACTS, times=off), JOB, STARTS, END, [TRACK])


def test_an_end_may_be_rounded_to_the_milliseconds_of_an_edit_list() -> None:
    rounded = dataclasses.replace(FACTS, times=FrameTimes(TICK, STARTS, Fraction(133, 1000)))

    check_matte_video("clip.mp4", rounded, JOB, STARTS, END, [TRACK])


def test_a_language_that_the_container_has_no_code_for_may_be_missing() -> None:
    lost = dataclasses.replace(FACTS, audio_tracks=(FOUND.model_copy(update={"language": None}),))

    check_matte_video("clip.mov", lost, JOB, STARTS, END, [TRACK])


def archive(path: Path, numbers: range, shape: tuple[int, ...] = (4, 6)) -> Path:
    written = FrameArchive(path, None)
    for number in numbers:
        written.write(number, np.full(shape, number, np.uint8))
    written.finish()
    return path


@pytest.mark.parametrize(
    ("numbers", "shape", "told"),
    [
        (range(3, 5), (4, 6), "frames 2 instead of 3"),
        (range(4, 7), (4, 6), "names"),
        (range(3, 6), (4, 6, 4), "RGBA"),
        (range(3, 6), (6, 4), "pictures"),
    ],
)
def test_an_archive_that_differs_in_anything_is_noticed(tmp_path: Path, numbers: range, shape: tuple[int, ...], told: str) -> None:
    facts = probe_archive(archive(tmp_path / "frames.zip", numbers, shape))

    with pytest.raises(EncodeFailed, match=told):
        check_archive("frames.zip", facts, numbers=range(3, 6), mode="L", width=6, height=4)


def test_an_archive_with_a_damaged_frame_does_not_pass(tmp_path: Path) -> None:
    path = archive(tmp_path / "frames.zip", range(3), (64, 64))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)

    with pytest.raises(EncodeFailed, match="does not decode"):
        probe_archive(path)
