from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import pytest

from persistence.matte.timeline import USUAL, Moment, timeline_of
from persistence.source.frame_index import FrameIndex
from reelfleet.contract.source import SourceFacts

MILLISECOND = Fraction(1, 1000)


@dataclass(frozen=True)
class Frame:
    number: int
    time: Fraction
    duration: Fraction


def facts(fps: float | None, **changes: object) -> SourceFacts:
    fields = {"media": "video", "width": 8, "height": 8, "frames": 1, "fps": fps, "codec": "h264", "pixel_format": "yuv420p"}
    return SourceFacts(**{**fields, **changes})


def rounded(rate: Fraction, count: int, last: int | None = None) -> FrameIndex:
    """Times of a constant rate as Matroska rounds them."""
    times = tuple(round(number / rate / MILLISECOND) for number in range(count))
    return FrameIndex(MILLISECOND, times, last or round(1 / rate / MILLISECOND))


def test_a_constant_rate_that_was_rounded_is_counted() -> None:
    rate = Fraction(24_000, 1001)

    assert timeline_of(facts(float(rate)), rounded(rate, 2000)).time_base is None


def test_a_rate_that_leads_away_from_the_times_is_not_believed() -> None:
    index = rounded(Fraction(30_000, 1001), 2000)

    assert timeline_of(facts(30.0), index).time_base == MILLISECOND


def test_a_last_frame_that_stays_longer_is_kept_so() -> None:
    index = rounded(Fraction(10), 20, last=700)

    assert timeline_of(facts(10.0), index).time_base == MILLISECOND


def test_times_that_are_not_even_are_kept() -> None:
    assert timeline_of(facts(10.0, constant_rate=False), rounded(Fraction(10), 20)).time_base == MILLISECOND


def test_a_clock_finer_than_the_encoders_take_gives_way_to_that_of_mpeg() -> None:
    index = FrameIndex(Fraction(1, 10_000_000), (0, 333_667, 900_000), 333_667)

    assert timeline_of(facts(25.0, constant_rate=False), index).time_base == USUAL


@pytest.mark.parametrize(("constant_rate", "expected"), [(True, Moment(7, 0, 1)), (False, Moment(7, 0, 40))])
def test_the_first_frame_of_a_range_is_at_nought(constant_rate: bool, expected: Moment) -> None:  # noqa: FBT001 - a case of the table
    timeline = timeline_of(facts(25.0, constant_rate=constant_rate), rounded(Fraction(25), 20))

    assert timeline.moment(Frame(7, Fraction(7, 25), Fraction(1, 25))) == expected


def test_an_image_needs_no_times() -> None:
    assert timeline_of(facts(None, media="image"), None).time_base is None
