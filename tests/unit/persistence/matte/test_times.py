from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import pytest

from persistence.probes.video import probe_video
from persistence.writers.video_encoders import CONTAINER_FORMATS
from reelfleet.contract.output import VideoContainer
from tests.unit.persistence.matte.builders import FPS, deliver, make_clip, shown_at, spec_for

TICK = Fraction(1, 90_000)
TICKS = [0, 3003, 6006, 12000, 12500, 30000, 90000, 91000, 95000, 99999, 120000]
LAST = 7777
MILLISECOND = Fraction(1, 1000)


@pytest.fixture(scope="module")
def uneven(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip whose frames are shown for anything between 5 ms and two thirds of a second."""
    return make_clip(tmp_path_factory.mktemp("uneven") / "clip.mp4", count=len(TICKS), ticks=TICKS, last=LAST, tick=TICK)


@pytest.fixture(scope="module")
def even(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_clip(tmp_path_factory.mktemp("even") / "clip.mp4", count=12)


def end_of(path: Path, container: str) -> Fraction:
    """When the last frame ends, as the file says."""
    times = probe_video(path, file_format=CONTAINER_FORMATS[VideoContainer(container)]).times
    assert times is not None
    assert times.end is not None
    return times.end


@pytest.mark.parametrize(("container", "codec"), [("mp4", "h264"), ("mp4", "h265"), ("mp4", "vp9"), ("mov", "h264"), ("mov", "prores")])
def test_uneven_frame_times_are_kept_exactly(tmp_path: Path, uneven: Path, container: str, codec: str) -> None:
    files = deliver(uneven, spec_for(uneven, container=container, codec=codec), tmp_path)

    for file in files:
        assert shown_at(file.path) == [tick * TICK for tick in TICKS]
        assert end_of(file.path, container) == (TICKS[-1] + LAST) * TICK


def test_uneven_frame_times_are_kept_by_av1(tmp_path: Path, uneven: Path) -> None:
    files = deliver(uneven, spec_for(uneven, container="mp4", codec="av1"), tmp_path)

    assert shown_at(files[0].path) == [tick * TICK for tick in TICKS]


@pytest.mark.parametrize(("container", "codec"), [("mkv", "h264"), ("webm", "vp9")])
def test_matroska_keeps_uneven_frame_times_to_its_millisecond(tmp_path: Path, uneven: Path, container: str, codec: str) -> None:
    files = deliver(uneven, spec_for(uneven, container=container, codec=codec), tmp_path)

    for file in files:
        found = shown_at(file.path)
        assert len(found) == len(TICKS)
        assert all(abs(at - tick * TICK) <= MILLISECOND / 2 for at, tick in zip(found, TICKS, strict=True))
        assert abs(end_of(file.path, container) - (TICKS[-1] + LAST) * TICK) <= MILLISECOND


def test_an_alpha_channel_keeps_uneven_frame_times(tmp_path: Path, uneven: Path) -> None:
    foreground, _ = deliver(uneven, spec_for(uneven, output_type="alpha", container="mov"), tmp_path)

    assert shown_at(foreground.path) == [tick * TICK for tick in TICKS]


def test_a_range_of_an_uneven_clip_begins_at_nought(tmp_path: Path, uneven: Path) -> None:
    spec = spec_for(uneven, start_frame=4, end_frame=8)

    foreground, _ = deliver(uneven, spec, tmp_path)

    assert shown_at(foreground.path) == [(tick - TICKS[4]) * TICK for tick in TICKS[4:8]]
    assert end_of(foreground.path, "mp4") == (TICKS[8] - TICKS[4]) * TICK
    assert foreground.duration_s == pytest.approx(float((TICKS[8] - TICKS[4]) * TICK))
    assert foreground.fps == pytest.approx(4 / float((TICKS[8] - TICKS[4]) * TICK))


@pytest.mark.parametrize(
    ("container", "codec"),
    [("mp4", "h264"), ("mp4", "h265"), ("mp4", "av1"), ("mov", "prores"), ("mkv", "h264"), ("webm", "vp9")],
)
def test_a_constant_rate_stays_that_rate(tmp_path: Path, even: Path, container: str, codec: str) -> None:
    foreground, _ = deliver(even, spec_for(even, container=container, codec=codec), tmp_path)

    with av.open(str(foreground.path)) as opened:
        assert opened.streams.video[0].average_rate == FPS
    assert shown_at(foreground.path) == [Fraction(number, FPS) for number in range(12)]


def test_a_rate_of_film_is_kept_as_the_fraction_that_it_is(tmp_path: Path) -> None:
    rate = Fraction(24_000, 1001)
    source = make_clip(tmp_path / "film.mp4", count=10, ticks=list(range(10)), last=1, tick=1 / rate)

    foreground, _ = deliver(source, spec_for(source), tmp_path)

    assert shown_at(foreground.path) == [number / rate for number in range(10)]


def test_a_range_of_one_frame_is_a_video(tmp_path: Path, uneven: Path, even: Path) -> None:
    for name, source in (("uneven", uneven), ("even", even)):
        foreground, _ = deliver(source, spec_for(source, start_frame=3, end_frame=4), tmp_path / name)

        assert shown_at(foreground.path) == [0]
