"""Which frames a clip has, in order of presentation, without decoding them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from persistence.source.opening import opened, pictures_of
from reelfleet.contract.errors import InputUnreadable

JUMP_S = 1
"""Seconds. Times of packets that go back by less are a container's untidiness."""


@dataclass(frozen=True)
class FrameIndex:
    """Times of all frames; number 0 is the first that decodes whole: in a clip that was cut the first from its first key frame on that is shown."""

    tick: Fraction
    """Seconds in which times are counted."""
    times: tuple[int, ...]
    """When each frame is shown, in ticks of the container's own time."""
    last_ticks: int
    """For how long the last one is shown."""
    in_order: bool = False
    """Whether frames are known by their order alone, since they do not come out of the decoder with the times of their packets."""

    @property
    def origin(self) -> Fraction:
        """The container's own time of frame 0, seconds."""
        return self.times[0] * self.tick

    def time(self, number: int) -> Fraction:
        """Return when a frame is shown, in seconds since frame 0; past the last one, when that one ends."""
        if number < len(self.times):
            return (self.times[number] - self.times[0]) * self.tick
        return (self.times[-1] + self.last_ticks - self.times[0]) * self.tick

    @cached_property
    def constant(self) -> bool:
        """Whether all frames are shown equally long, but for the container's rounding."""
        steps = [after - before for before, after in pairwise(self.times)]
        return not steps or max(steps) - min(steps) <= 1

    @property
    def fps(self) -> Fraction | None:
        """Average frames per second; none for a single frame."""
        span = self.times[-1] - self.times[0]
        return Fraction(len(self.times) - 1) / (span * self.tick) if span else None


def index_frames(path: Path) -> FrameIndex:
    """Read the times of a clip's frames from its packets.

    Raises:
        InputUnreadable: when it holds no video, no frame, or no times, or times that jump back.
    """
    with opened(path) as container:
        stream = pictures_of(container)
        packets = list(_packets(container, stream))
        first = next((index for index, packet in enumerate(packets) if packet.is_key), None)
        if first is None or all(packet.is_hidden for packet in packets[first:]):
            raise InputUnreadable("its video is empty, or has no frame that decodes on its own")
        in_order = _are_known_by_order(container, packets[first:])
        times, last = _times(stream, packets[first:], in_order=in_order)
        return FrameIndex(stream.time_base, times, last, in_order)


class _Packet(NamedTuple):
    """What is kept of a packet: its times, and not its data."""

    pts: int | None
    duration: int
    is_key: bool
    is_hidden: bool = False
    """Whether it is there to be leaned on alone: clips that were cut without encoding begin with such packets (an edit list)."""


def _packets(container: Any, stream: Any) -> Iterator[_Packet]:
    latest: int | None = None
    for packet in container.demux(stream):
        if not packet.size:
            continue
        if None not in {packet.dts, latest} and (latest - packet.dts) * stream.time_base > JUMP_S:
            raise InputUnreadable("its times jump back, as in several recordings that were joined; write it anew, with times that go on")
        latest = latest if packet.dts is None else packet.dts
        yield _Packet(packet.pts, packet.duration or 0, packet.is_keyframe, packet.is_discard)


def _are_known_by_order(container: Any, packets: Sequence[_Packet]) -> bool:
    # AVI has no times of presentation, and MPEG's program streams have few: where frames lean on later ones, those that are made up for
    # packets do not fit the frames.
    made_up = container.format.name in {"avi", "mpeg"} and not all(packet.is_key for packet in packets)
    return made_up or any(packet.pts is None for packet in packets)


def _times(stream: Any, packets: Sequence[_Packet], *, in_order: bool = False) -> tuple[tuple[int, ...], int]:
    rate = stream.average_rate or stream.base_rate
    known = {packet.pts: packet.duration for packet in packets if packet.pts is not None and not packet.is_hidden}
    # Frames that are shown before the first key frame and come after it in the file lean on frames that are not there.
    begin = packets[0].pts or 0
    if any(packet.pts is None for packet in packets) or (in_order and len(known) < len(packets)):
        if not rate:
            raise InputUnreadable("its frames have no times, and its frame rate is 0; write it anew with a frame rate")
        step = max(1, round(1 / (rate * stream.time_base)))
        count = sum(packet.pts is None or packet.pts >= begin for packet in packets)
        return tuple(range(begin, begin + step * count, step)), step
    times = sorted(pts for pts in known if pts >= begin)
    usual = times[-1] - times[-2] if len(times) > 1 else round(1 / (rate * stream.time_base)) if rate else 1
    return tuple(times), max(1, known[times[-1]] or usual)
