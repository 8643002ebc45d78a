"""The sound of a source, cut to the time of its frames."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from persistence.source.opening import opened
from persistence.spool import Samples
from reelfleet.contract.errors import InputUnreadable
from reelfleet.contract.source import SourceTrack

EARLY_S = 1
"""How far before the range decoding begins: some codecs need a few packets to get going."""
SLACK_S = Fraction(1, 100)
"""By how much a packet's time may differ from the end of the last one: containers round. More is a gap, or an overlap."""


def read_track(path: Path, track: SourceTrack, *, origin: Fraction, start: Fraction, end: Fraction) -> tuple[Samples, int]:
    """Return a track's samples from ``start`` to ``end`` (seconds since frame 0), float32 (samples, channels), and their rate in hertz.

    Where the track begins later or has gaps there is silence; where it ends early, or is damaged and nothing sounds after that, so do the
    samples. Parts of a track that meet in time meet to the sample, wherever reading began.

    Args:
        path: the source.
        track: as it was probed.
        origin: the container's own time of frame 0, seconds.
        start: where the range begins.
        end: where it ends.

    Raises:
        InputUnreadable: when the track cannot be decoded, naming it.
    """
    rate = track.sample_rate
    samples = np.zeros((max(0, round((end - start) * rate)), track.channels), np.float32)
    heard = 0
    try:
        with opened(path) as container:
            stream = _stream_of(container, track)
            if _tells_exact_times(stream, rate):
                _seek(container, stream, origin + start - EARLY_S)
            first = round(start * rate)
            for place, chunk in _placed(_sounding(container, stream), origin, track):
                if place - first >= len(samples):
                    break
                heard = max(heard, _put(samples, chunk, place - first))
    except InputUnreadable as error:
        raise error if error.details else _undecodable(track, error.message) from error
    return samples[:heard], rate


def check_track(path: Path, track: SourceTrack) -> None:
    """Decode the beginning of a track.

    Raises:
        InputUnreadable: when it cannot be decoded, naming it.
    """
    try:
        with opened(path) as container:
            if next(iter(container.decode(_stream_of(container, track))), None) is None:
                raise _undecodable(track, "it is empty")
    except InputUnreadable as error:
        raise error if error.details else _undecodable(track, error.message) from error


def _stream_of(container: Any, track: SourceTrack) -> Any:
    stream = container.streams.audio[track.index]
    if stream.codec_context is None:
        raise _undecodable(track, "no decoder is known for its codec")
    return stream


def _tells_exact_times(stream: Any, rate: int) -> bool:
    """Return whether the container's time of a packet is that of its first sample; Matroska's, for one, is rounded to milliseconds.

    Where it is not, a track is decoded from its beginning, since counting samples is the only way to know where one is.
    """
    return (Fraction(stream.time_base) * rate).numerator == 1


def _seek(container: Any, stream: Any, second: Fraction) -> None:
    if second > 0:
        container.seek(int(second / stream.time_base), stream=stream, backward=True, any_frame=False)


def _sounding(container: Any, stream: Any) -> Iterator[Any]:
    """Yield decoded frames. Damage counts where sound follows it, or where there is nothing else: else the track ends there."""
    damage: av.FFmpegError | None = None
    sounded = False
    for packet in container.demux(stream):
        try:
            frames = packet.decode()
        except av.FFmpegError as error:
            damage = error
            continue
        if frames and damage is not None:
            raise damage
        sounded = sounded or bool(frames)
        yield from frames
    if damage is not None and not sounded:
        raise damage


def _placed(frames: Iterator[Any], origin: Fraction, track: SourceTrack) -> Iterator[tuple[int, Samples]]:
    """Yield float32 (samples, channels) and where they begin, in samples since the container's time ``origin``."""
    resampler = av.AudioResampler(format="fltp", rate=track.sample_rate)
    place: int | None = None
    for frame in frames:
        told = None if frame.pts is None else round((frame.pts * Fraction(frame.time_base) - origin) * track.sample_rate)
        if told is not None and (place is None or abs(told - place) > SLACK_S * track.sample_rate):
            place = told
        for planar in _resampled(resampler, frame, track):
            chunk = np.asarray(planar.to_ndarray()).T
            if chunk.shape[1] != track.channels:
                raise _undecodable(track, f"it has {chunk.shape[1]} channels in places, and {track.channels} in others")
            yield place or 0, chunk
            place = (place or 0) + len(chunk)


def _resampled(resampler: Any, frame: Any, track: SourceTrack) -> Sequence[Any]:
    try:
        return list(resampler.resample(frame))
    except ValueError as error:
        raise _undecodable(track, "its form changes midway") from error


def _put(samples: Samples, chunk: Samples, at: int) -> int:
    """Put a chunk where it belongs and return where it ends within the range."""
    begin, end = max(0, at), min(len(samples), at + len(chunk))
    if begin >= end:
        return 0
    samples[begin:end] = chunk[begin - at : end - at]
    return end


def _undecodable(track: SourceTrack, why: str) -> InputUnreadable:
    told = f"audio track {track.index} ({track.codec}{f', {track.language}' if track.language else ''}) cannot be decoded: {why}"
    return InputUnreadable(
        f"{told}; repair it, or leave the sound out with audio=false (--no-audio)", details={"field": "audio", "track": track.index}
    )
