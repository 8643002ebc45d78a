"""When each delivered frame is shown: as in the source, counted from the first frame of the range."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from persistence.source.frame_index import FrameIndex
from persistence.writers.video import frame_rate
from reelfleet.contract.source import SourceFacts

FINEST = 1_000_000
"""Ticks per second that every container and encoder takes."""
USUAL = Fraction(1, 90_000)
"""The clock of MPEG; for sources that count finer than ``FINEST``."""
FALLBACK_FPS = 25.0
"""What an encoder is told of a clip whose rate says nothing; no frame time follows from it."""


class TimedFrame(Protocol):
    """What is known of a frame's time; seconds, counted from the source's first frame."""

    @property
    def number(self) -> int:
        """Of the frame in the source."""

    @property
    def time(self) -> Fraction:
        """When it is shown."""

    @property
    def duration(self) -> Fraction:
        """For how long."""


@dataclass(frozen=True)
class Moment:
    """One frame's place in the files."""

    number: int
    """Of the frame in the source."""
    start: int
    """In ticks."""
    duration: int
    """In ticks."""


class Timeline:
    """Turns the times of a source into ticks, the first frame of the range at 0.

    Args:
        fps: frames per second, on the average.
        time_base: seconds in which the times of the files are counted; none: one frame is one tick, ``1 / fps``.
    """

    def __init__(self, fps: float, time_base: Fraction | None) -> None:
        self.fps, self.time_base = fps, time_base
        self._first: Fraction | None = None
        self._count = 0

    def moment(self, frame: TimedFrame) -> Moment:
        """Return the place of the next frame."""
        if self._first is None:
            self._first = frame.time
        index, self._count = self._count, self._count + 1
        if self.time_base is None:
            return Moment(frame.number, index, 1)
        start = round((frame.time - self._first) / self.time_base)
        end = round((frame.time + frame.duration - self._first) / self.time_base)
        return Moment(frame.number, start, max(1, end - start))


def timeline_of(facts: SourceFacts, index: FrameIndex | None) -> Timeline:
    """Return how the times of a source are delivered.

    Frames of a constant rate are counted, so that the rounding of the source's container does not get into the files. Others keep their
    own times, and so do those of a clip whose rate, as its file tells it, leads away from its times.

    Args:
        facts: of the source.
        index: its frames' times; none for an image.
    """
    fps = facts.fps or FALLBACK_FPS
    if index is None or (facts.constant_rate and _keeps_pace(index, frame_rate(fps))):
        return Timeline(fps, None)
    return Timeline(fps, index.tick if index.tick.denominator <= FINEST else USUAL)


def _keeps_pace(index: FrameIndex, rate: Fraction) -> bool:
    """Return whether counting comes to every frame's time, and to the end of the last, but for one tick of the source."""
    places = range(len(index.times) + 1)
    return all(abs(index.time(place) - place / rate) <= index.tick for place in places)
