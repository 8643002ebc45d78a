"""The sound of a source, cut to the time of its frames."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from persistence.source.frame_index import index_frames
from persistence.source.opening import opened
from persistence.spool import Samples
from reelfleet.contract.errors import InputUnreadable
from reelfleet.contract.source import SourceTrack

EARLY_S = 1
"""How far before the range decoding begins: some codecs need a few packets to get going."""


def read_track(path: Path, track: SourceTrack, *, start: Fraction, end: Fraction) -> tuple[Samples, int]:
    """Return a track's samples from ``start`` to ``end`` (seconds since frame 0), float32 (samples, channels), and their rate in hertz.

    Where the track begins later or has gaps there is silence; where it ends early so do the samples.

    Raises:
        InputUnreadable: when the track cannot be decoded, naming it.
    """
    origin = index_frames(path).origin
    rate = track.sample_rate
    wanted = round((end - start) * rate)
    samples = np.zeros((max(0, wanted), track.channels), np.float32)
    heard = 0
    try:
        with opened(path) as container:
            stream = container.streams.audio[track.index]
            _seek(container, stream, origin + start - EARLY_S)
            resampler = av.AudioResampler(format="fltp", layout=stream.layout.name, rate=rate)
            for frame in container.decode(stream):
                if frame.pts is None:
                    continue
                at = round((frame.pts * frame.time_base - origin - start) * rate)
                if at >= wanted:
                    break
                for planar in resampler.resample(frame):
                    heard = max(heard, _place(samples, np.asarray(planar.to_ndarray()).T, at))
    except InputUnreadable as error:
        raise _undecodable(track, error.message) from error
    return samples[:heard], rate


def check_track(path: Path, track: SourceTrack) -> None:
    """Decode the beginning of a track.

    Raises:
        InputUnreadable: when it cannot be decoded, naming it.
    """
    try:
        with opened(path) as container:
            if next(iter(container.decode(container.streams.audio[track.index])), None) is None:
                raise _undecodable(track, "it is empty")
    except InputUnreadable as error:
        raise error if error.details else _undecodable(track, error.message) from error


def _seek(container: Any, stream: Any, second: Fraction) -> None:
    if second > 0:
        container.seek(int(second / stream.time_base), stream=stream, backward=True, any_frame=False)


def _place(samples: Samples, chunk: Samples, at: int) -> int:
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
