"""Frames of a source as they are viewed, forward and backward, with bounded memory."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image

from persistence.source.colour import Frame, ToRgb
from persistence.source.frame_index import FrameIndex, index_frames
from persistence.source.opening import opened, pictures_of
from persistence.source.pictures import read_rgb
from persistence.source.upright import turn
from reelfleet.contract.errors import InputUnreadable
from reelfleet.contract.source import SourceFacts

HELD_BYTES = 256 << 20
"""How much is held at a time of a clip that is read backward. The more, the fewer frames are decoded again only to get to others."""


@dataclass(frozen=True)
class SourceFrame:
    """One frame."""

    number: int
    """In order of presentation, from 0."""
    time: Fraction
    """When it is shown, seconds since frame 0."""
    duration: Fraction
    """For how long, seconds."""
    rgb: Frame
    """uint8 (height, width, 3)."""


def read_frames(
    path: Path,
    facts: SourceFacts,
    *,
    start: int,
    end: int,
    size: tuple[int, int],
    allow_truncated: bool = False,
    index: FrameIndex | None = None,
) -> Generator[SourceFrame, None, None]:
    """Yield the frames [start, end) in order.

    Decoding begins at the key frame before ``start``; pixels are the same as from the beginning.

    Args:
        path: the source.
        facts: as it was probed.
        start: number of the first frame.
        end: number after the last one.
        size: width and height that frames are scaled to.
        allow_truncated: end quietly where the source does.
        index: the times of a video's frames, if they are known already; else its packets are read for them first.

    Raises:
        InputUnreadable: when the source ends, or cannot be decoded, before ``end``; ``details`` tell ``decoded`` and ``expected``.
    """
    if facts.media == "image":
        yield from (SourceFrame(0, Fraction(0), Fraction(0), _image(path, size)) for _ in range(start, end))
        return
    yield from _read(path, facts, index or index_frames(path), start, end, size, allow_truncated=allow_truncated)


def read_frames_backwards(
    path: Path, facts: SourceFacts, *, start: int, end: int, size: tuple[int, int], index: FrameIndex | None = None
) -> Generator[SourceFrame, None, None]:
    """Yield the frames [start, end) from the last to the first, decoded forward a chunk at a time; otherwise as :func:`read_frames`."""
    if facts.media == "image":
        yield from read_frames(path, facts, start=start, end=end, size=size)
        return
    index = index or index_frames(path)
    chunk = max(1, HELD_BYTES // (3 * size[0] * size[1]))
    while end > start:
        begin = max(start, end - chunk)
        yield from reversed(list(_read(path, facts, index, begin, end, size, allow_truncated=False)))
        end = begin


def read_one(path: Path, facts: SourceFacts, number: int, size: tuple[int, int]) -> SourceFrame:
    """Return one frame.

    Raises:
        InputUnreadable: when it cannot be decoded.
    """
    with closing(read_frames(path, facts, start=number, end=number + 1, size=size)) as frames:
        return next(frames)


def end_of_decodable(path: Path, facts: SourceFacts, start: int, end: int) -> int:
    """Decode the frames [start, end) without keeping them, and return the number of the first that is damaged or missing, or ``end``."""
    if facts.media == "image" or start >= end:
        return end
    expected = start
    try:
        for number, _ in _numbered(path, index_frames(path), start):
            if number < start:
                continue
            if number != expected or expected >= end:
                break
            expected += 1
    except InputUnreadable:
        # Where it ends is what was asked for.
        return expected
    return expected


def _read(
    path: Path, facts: SourceFacts, index: FrameIndex, start: int, end: int, size: tuple[int, int], *, allow_truncated: bool
) -> Generator[SourceFrame, None, None]:
    expected = start
    to_rgb = ToRgb(*(size[::-1] if facts.rotation % 180 else size))
    try:
        for number, frame in _numbered(path, index, start):
            if number < start:
                continue
            if number >= end or number != expected:
                break
            expected += 1
            duration = index.time(number + 1) - index.time(number)
            yield SourceFrame(number, index.time(number), duration, turn(to_rgb.convert(frame), facts.rotation))
            if expected == end:
                return
    except InputUnreadable as error:
        if not allow_truncated:
            raise _truncated(expected - start, end - start, error.message) from error
        return
    if expected < end and not allow_truncated:
        raise _truncated(expected - start, end - start, "a frame is damaged or missing")


def _numbered(path: Path, index: FrameIndex, start: int) -> Iterator[tuple[int, Any]]:
    """Yield decoded frames with their numbers, none before a key frame that comes before ``start``; damaged ones are left out."""
    if start and not index.in_order:
        numbered = _decoded(path, index, start)
        first = next(numbered, None)
        if first is not None and first[0] <= start:
            yield first
            yield from numbered
            return
        # Some containers (MPEG-TS) are searched by guessing, and the guess was too late.
        numbered.close()
    yield from _decoded(path, index, 0)


def _decoded(path: Path, index: FrameIndex, seek_to: int) -> Generator[tuple[int, Any], None, None]:
    numbers = {time: number for number, time in enumerate(index.times)}
    with opened(path) as container:
        stream = pictures_of(container)
        if seek_to:
            container.seek(index.times[seek_to], stream=stream, backward=True, any_frame=False)
        for count, frame in enumerate(_frames(container, stream)):
            if frame.is_corrupt:
                if index.in_order:
                    return  # those after it could no longer be counted
                continue
            number = count if index.in_order else numbers.get(frame.pts)
            if number is not None:
                yield number, frame


def _frames(container: Any, stream: Any) -> Iterator[Any]:
    for packet in container.demux(stream):
        try:
            yield from packet.decode()
        except av.FFmpegError:
            # Frames that the decoder holds, to put them in order, do not lean on the damaged one.
            yield from stream.codec_context.decode(None)
            raise


def _truncated(decoded: int, expected: int, why: str) -> InputUnreadable:
    return InputUnreadable(
        f"the source ended after {decoded} of {expected} frames ({why}); check the file, or matte what there is with allow_truncated "
        "(--allow-truncated)",
        details={"decoded": decoded, "expected": expected},
    )


def _image(path: Path, size: tuple[int, int]) -> Frame:
    image = read_rgb(path)
    return np.asarray(image if image.size == size else image.resize(size, Image.Resampling.LANCZOS))
