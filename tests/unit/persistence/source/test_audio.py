"""The sound of a range begins and ends with its frames."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from persistence.source.audio import check_track, read_track
from persistence.source.frame_index import index_frames
from persistence.source.probe import probe_source
from reelfleet.contract.errors import InputUnreadable
from reelfleet.contract.source import SourceTrack
from tests.unit.persistence.source.clips import make_clip, overwrite_packets, without_packets

RATE = 48_000


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """Three seconds; a track as long whose samples tell their time (a ramp from -1 to 1), and one of a second."""
    path = tmp_path_factory.mktemp("clips") / "clip.mkv"
    return make_clip(path, sounds=[("eng", 3.0, RATE), ("deu", 1.0, 16_000)], sound_encoder="flac")


def tracks_of(clip) -> tuple[SourceTrack, ...]:
    return probe_source(clip, max_pixels=10**6).audio_tracks


def origin_of(clip) -> Fraction:
    return index_frames(clip).origin


def seconds_of(samples: np.ndarray) -> np.ndarray:
    """Read from samples of the long track when they sound."""
    return (samples[:, 0] + 1) / 2 * 3


@pytest.mark.parametrize(("start", "end"), [(0.0, 1.0), (1.2, 1.9), (2.0, 3.0)])
def test_samples_are_those_of_the_range(clip, start, end):
    track = tracks_of(clip)[0]

    samples, rate = read_track(clip, track, origin=origin_of(clip), start=Fraction(start), end=Fraction(end))

    assert (rate, samples.shape) == (RATE, (round((end - start) * RATE), 1))
    middle = len(samples) // 2
    assert seconds_of(samples)[middle] == pytest.approx((start + end) / 2, abs=0.003)


def test_a_track_that_ends_early_gives_no_more_than_it_has(clip):
    track = tracks_of(clip)[1]

    samples, rate = read_track(clip, track, origin=origin_of(clip), start=Fraction(1, 2), end=Fraction(3))

    assert len(samples) / rate == pytest.approx(0.5, abs=0.1)


def test_a_track_that_cannot_be_decoded_is_named_with_the_way_out(tmp_path):
    # Given a clip whose sound was overwritten
    clip = make_clip(tmp_path / "clip.mp4", sounds=[("eng", 3.0, RATE)])
    (track,) = tracks_of(clip)
    overwrite_packets(clip, kind="audio", numbers=range(1000))

    with pytest.raises(InputUnreadable, match=r"audio track 0 \(aac, eng\) cannot be decoded: .*--no-audio"):
        check_track(clip, track)
    with pytest.raises(InputUnreadable, match="audio track 0"):
        read_track(clip, track, origin=origin_of(clip), start=Fraction(0), end=Fraction(1))


HUM_RATE = 44_100
HUM_HZ = 441


def humming(path: Path, seconds: float = 3.0, **options) -> Path:
    """A clip with an even tone, whose rate fits no whole milliseconds."""
    return make_clip(
        path,
        sounds=[("eng", seconds, HUM_RATE)],
        wave=lambda times: 0.5 * np.sin(2 * np.pi * HUM_HZ * times),
        options={"crf": "4"},
        **options,
    )


def clicks_in(samples: np.ndarray) -> int:
    """Count where a tone does not go on as tones do: each sample follows from the two before."""
    wave = samples[:, 0].astype(np.float64)
    off = wave[2:] - 2 * np.cos(2 * np.pi * HUM_HZ / HUM_RATE) * wave[1:-1] + wave[:-2]
    return int((np.abs(off) > 0.01).sum())


@pytest.mark.parametrize(
    ("container", "encoder"), [("mkv", "flac"), ("mkv", "aac"), ("flv", "aac"), ("mp4", "aac"), ("ts", "aac"), ("avi", "mp3")]
)
def test_a_tone_goes_on_although_containers_round_times(container, encoder, tmp_path):
    path = humming(tmp_path / f"clip.{container}", sound_encoder=encoder)
    (track,) = tracks_of(path)

    samples, _ = read_track(path, track, origin=origin_of(path), start=Fraction(1, 10), end=Fraction(28, 10))

    assert len(samples) == 27 * HUM_RATE // 10
    assert clicks_in(samples) == 0


@pytest.mark.parametrize(("container", "encoder"), [("mkv", "flac"), ("webm", "libopus"), ("mp4", "alac")])
def test_parts_meet_to_the_sample(container, encoder, tmp_path):
    rate = 48_000 if encoder == "libopus" else HUM_RATE
    video = "libvpx" if container == "webm" else "libx264"
    pixels = "yuv420p" if container == "webm" else "yuv444p"
    path = make_clip(
        tmp_path / f"clip.{container}", sounds=[("eng", 3.0, rate)], sound_encoder=encoder, encoder=video, pixel_format=pixels, options={}
    )
    (track,) = tracks_of(path)

    whole, _ = read_track(path, track, origin=origin_of(path), start=Fraction(0), end=Fraction(3))
    parts = [read_track(path, track, origin=origin_of(path), start=Fraction(at), end=Fraction(at + 1))[0] for at in range(3)]

    assert np.abs(np.concatenate(parts) - whole).max() < 1e-4


def test_silence_is_where_a_track_pauses(tmp_path):
    # Given a track that lacks frames in its middle
    whole = humming(tmp_path / "whole.mkv", sound_encoder="flac")
    path = without_packets(whole, tmp_path / "clip.mkv", leave_out=range(10, 12), kind="audio")
    (track,) = tracks_of(path)

    samples, _ = read_track(path, track, origin=origin_of(path), start=Fraction(0), end=Fraction(3))

    complete, _ = read_track(whole, track, origin=origin_of(whole), start=Fraction(0), end=Fraction(3))
    there = samples.any(axis=1)
    assert len(samples) == len(complete)
    assert 0.6 * len(there) < there.sum() < 0.99 * len(there)
    assert np.array_equal(samples[: len(samples) // 4], complete[: len(samples) // 4])
    assert clicks_in(samples[-len(samples) // 4 :]) == 0


def test_silence_is_where_a_track_begins_late(tmp_path):
    path = humming(tmp_path / "clip.mkv", sound_encoder="flac", seconds=1.0, late_s=1)
    (track,) = tracks_of(path)

    samples, rate = read_track(path, track, origin=origin_of(path), start=Fraction(0), end=Fraction(2))

    assert not samples[: rate - rate // 1000].any()
    assert clicks_in(samples[rate + rate // 1000 :]) == 0


def test_a_track_whose_end_is_damaged_ends_there(tmp_path):
    path = overwrite_packets(humming(tmp_path / "clip.mp4"), kind="audio", numbers=range(41, 1000))
    (track,) = tracks_of(path)

    samples, _ = read_track(path, track, origin=origin_of(path), start=Fraction(0), end=Fraction(3))

    # Of 41 frames the first is there to get the decoder going
    assert len(samples) == 40 * 1024


def test_a_track_that_is_damaged_in_the_middle_is_named(tmp_path):
    path = overwrite_packets(humming(tmp_path / "clip.mp4"), kind="audio", numbers=range(41, 43))
    (track,) = tracks_of(path)

    with pytest.raises(InputUnreadable, match="audio track 0"):
        read_track(path, track, origin=origin_of(path), start=Fraction(0), end=Fraction(3))
