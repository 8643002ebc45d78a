"""The sound of a range begins and ends with its frames."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest

from persistence.source.audio import check_track, read_track
from persistence.source.probe import probe_source
from reelfleet.contract.errors import InputUnreadable
from reelfleet.contract.source import SourceTrack
from tests.unit.persistence.source.clips import make_clip

RATE = 48_000


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """Three seconds; a track as long whose samples tell their time (a ramp from -1 to 1), and one of a second."""
    path = tmp_path_factory.mktemp("clips") / "clip.mkv"
    return make_clip(path, sounds=[("eng", 3.0, RATE), ("deu", 1.0, 16_000)], sound_encoder="flac")


def tracks_of(clip) -> tuple[SourceTrack, ...]:
    return probe_source(clip, max_pixels=10**6).audio_tracks


def seconds_of(samples: np.ndarray) -> np.ndarray:
    """Read from samples of the long track when they sound."""
    return (samples[:, 0] + 1) / 2 * 3


@pytest.mark.parametrize(("start", "end"), [(0.0, 1.0), (1.2, 1.9), (2.0, 3.0)])
def test_samples_are_those_of_the_range(clip, start, end):
    track = tracks_of(clip)[0]

    samples, rate = read_track(clip, track, start=Fraction(start), end=Fraction(end))

    assert (rate, samples.shape) == (RATE, (round((end - start) * RATE), 1))
    middle = len(samples) // 2
    assert seconds_of(samples)[middle] == pytest.approx((start + end) / 2, abs=0.003)


def test_a_track_that_ends_early_gives_no_more_than_it_has(clip):
    track = tracks_of(clip)[1]

    samples, rate = read_track(clip, track, start=Fraction(1, 2), end=Fraction(3))

    assert len(samples) / rate == pytest.approx(0.5, abs=0.1)


def test_a_track_that_cannot_be_decoded_is_named_with_the_way_out(tmp_path):
    # Given a clip whose sound was overwritten
    clip = make_clip(tmp_path / "clip.mp4", sounds=[("eng", 3.0, RATE)])
    (track,) = tracks_of(clip)
    with av.open(str(clip)) as container:
        places = [(packet.pos, packet.size) for packet in container.demux(audio=0) if packet.size]
    data = bytearray(clip.read_bytes())
    for place, size in places:
        data[place : place + size] = b"\xff" * size
    clip.write_bytes(bytes(data))

    with pytest.raises(InputUnreadable, match=r"audio track 0 \(aac, eng\) cannot be decoded: .*--no-audio"):
        check_track(clip, track)
