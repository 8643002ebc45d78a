"""The sound of a video file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import av
import numpy as np

from persistence.spool import Samples
from reelfleet.contract.errors import Unsupported
from reelfleet.contract.output import VideoContainer

_ENCODERS = {VideoContainer.MP4: "aac", VideoContainer.MOV: "aac", VideoContainer.MKV: "flac", VideoContainer.WEBM: "libopus"}
_BIT_RATES_PER_CHANNEL = {"aac": 128_000, "libopus": 96_000}
_RATES = {
    "aac": (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000),
    "libopus": (48000,),
}
"""Rates that an encoder takes, where it does not take all; others are resampled to the next one above."""
_LAYOUTS = {1: "mono", 2: "stereo", 3: "2.1", 4: "quad", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}
_CHUNK_S = 0.25


class SoundTrack:
    """Adds one track to an open container and feeds it alongside the frames, so that the muxer never has to hold much.

    Args:
        container: PyAV's output container.
        kind: decides the codec: AAC in mp4 and mov, FLAC in mkv, Opus in webm.
        samples: float32 (samples, channels), -1 to 1; all of them are written, whether or not the pictures last as long.
        sample_rate: hertz.
        language: of three letters, as ISO 639-2 has them; none: not told.

    Raises:
        Unsupported: for more channels than have a common layout.
    """

    def __init__(self, container: Any, kind: VideoContainer, samples: Samples, sample_rate: int, language: str | None = None) -> None:
        channels = samples.shape[1]
        check_channels(channels)
        self._container, self._samples, self._rate = container, samples, sample_rate
        self._layout = _LAYOUTS[channels]
        name = _ENCODERS[kind]
        self._stream = container.add_stream(name, rate=_encoder_rate(name, sample_rate), layout=self._layout)
        if name in _BIT_RATES_PER_CHANNEL:
            self._stream.codec_context.bit_rate = _BIT_RATES_PER_CHANNEL[name] * channels
        if language is not None:
            self._stream.metadata["language"] = language
        self._fed = 0

    def feed_until(self, seconds: float) -> None:
        """Encode what sounds before this time."""
        self._feed(min(len(self._samples), int(seconds * self._rate)))

    def finish(self) -> None:
        """Encode the rest."""
        self._feed(len(self._samples))
        self._container.mux(self._stream.encode(None))

    def close(self) -> None:
        """Nothing is held."""

    def _feed(self, end: int) -> None:
        for start, stop in self._chunks(end):
            planar = np.ascontiguousarray(np.clip(self._samples[start:stop], -1.0, 1.0).T)
            frame = av.AudioFrame.from_ndarray(planar, format="fltp", layout=self._layout)
            frame.sample_rate = self._rate
            frame.pts = start
            self._container.mux(self._stream.encode(frame))
            self._fed = stop

    def _chunks(self, end: int) -> Iterator[tuple[int, int]]:
        step = max(1, int(_CHUNK_S * self._rate))
        for start in range(self._fed, end, step):
            yield start, min(start + step, end)


def check_channels(channels: int) -> None:
    """Find out before anything is written whether so many channels can be.

    Raises:
        Unsupported: for more channels than have a common layout.
    """
    if channels not in _LAYOUTS:
        raise Unsupported(f"sound with {channels} channels has no common layout; at most {max(_LAYOUTS)} are written")


def _encoder_rate(encoder: str, sample_rate: int) -> int:
    rates = _RATES.get(encoder)
    if rates is None or sample_rate in rates:
        return sample_rate
    return min((rate for rate in rates if rate > sample_rate), default=rates[-1])
