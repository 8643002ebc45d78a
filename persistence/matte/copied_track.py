"""Sound that is taken over as it is coded in the source."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from persistence.source.opening import opened

_BEFORE_S = 5
"""How far before its first packet a track is looked for; containers lay sound and picture of one time closer together than that."""
_MICROSECONDS = 1_000_000


@dataclass(frozen=True)
class Cut:
    """Which packets of a track are taken over, in the source's own time."""

    track: int
    """Place among the source's tracks of sound."""
    origin: Fraction
    """Seconds at which the first frame of the range is shown."""
    first: Fraction
    """Seconds at which the first packet begins; it may lie before ``origin``."""
    stop: Fraction
    """Seconds; a packet that begins here is left out."""


@dataclass(frozen=True)
class CodedPacket:
    """A packet and its place in the source's time, seconds."""

    packet: Any
    start: Fraction
    duration: Fraction

    @property
    def end(self) -> Fraction:
        """Seconds."""
        return self.start + self.duration


def coded_packets(container: Any, stream: Any, start: Fraction, stop: Fraction) -> Iterator[CodedPacket]:
    """Yield a track's packets that end after ``start`` and begin before ``stop``, in order.

    Raises:
        ValueError: when one has no time or no duration, without which it has no place elsewhere.
    """
    for coded in _from_before(container, stream, start):
        if coded.start >= stop:
            return
        if coded.end > start:
            yield coded


def _from_before(container: Any, stream: Any, start: Fraction) -> Iterator[CodedPacket]:
    """Yield a track's packets, the first of them before ``start`` if there is one; not all of those before that time."""
    if start > _BEFORE_S:
        with contextlib.suppress(av.FFmpegError):  # what cannot be searched is read from where it stands, its beginning
            container.seek(int((start - _BEFORE_S) * _MICROSECONDS))
        packets = _coded(container, stream)
        first = next(packets, None)
        if first is not None and first.start <= start:
            yield first
            yield from packets
            return
        # The track begins later, or a container that is searched by guessing (MPEG-TS) was searched too late.
        container.seek(container.start_time or 0)
    yield from _coded(container, stream)


def _coded(container: Any, stream: Any) -> Iterator[CodedPacket]:
    for packet in container.demux(stream):
        if not packet.size:
            continue
        if packet.pts is None or not packet.duration:
            raise ValueError("a packet has no time or no duration")
        yield CodedPacket(packet, packet.pts * packet.time_base, packet.duration * packet.time_base)


class CopiedTrack:
    """Adds one track to an open container and copies its packets alongside the frames; each keeps its time to the pictures.

    Args:
        container: PyAV's output container.
        source: the file that the packets come from.
        cut: which of them.
        language: none: as the source says.

    Raises:
        InputUnreadable: when the source cannot be opened.
    """

    def __init__(self, container: Any, source: Path, cut: Cut, language: str | None) -> None:
        self._container, self._cut = container, cut
        with contextlib.ExitStack() as held:
            opened_source = held.enter_context(opened(source))
            stream = opened_source.streams.audio[cut.track]
            self._out = container.add_stream_from_template(stream)
            if language is not None:
                self._out.metadata["language"] = language
            self._packets = coded_packets(opened_source, stream, cut.first, cut.stop)
            self._waiting = next(self._packets, None)
            self._held = held.pop_all()

    def feed_until(self, seconds: float) -> None:
        """Copy what begins before this time, counted from the first frame."""
        while self._waiting is not None and self._waiting.start - self._cut.origin < seconds:
            self._copy(self._waiting)

    def finish(self) -> None:
        """Copy the rest."""
        while self._waiting is not None:
            self._copy(self._waiting)

    def close(self) -> None:
        """Close the source."""
        self._held.close()

    def _copy(self, coded: CodedPacket) -> None:
        packet = coded.packet
        if coded.start >= self._cut.first:
            shift = round(self._cut.origin / packet.time_base)
            packet.pts -= shift
            packet.dts = packet.pts  # sound is coded in the order in which it is heard
            packet.stream = self._out
            self._container.mux(packet)
        self._waiting = next(self._packets, None)
