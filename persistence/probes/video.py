"""Probing video files."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from persistence.probes.facts import FrameTimes, VideoFacts
from reelfleet.contract.errors import EncodeFailed
from reelfleet.contract.manifest import AudioTrack

_COLOURS = 3
_CODEC_NAMES = {"hevc": "h265"}
"""ffmpeg's name of a codec where it is not ours."""


def probe_video(path: Path, *, file_format: str | None = None, alpha: bool = False) -> VideoFacts:
    """Decode every frame and every sample of a file.

    Args:
        path: the file.
        file_format: ffmpeg's name of the container, for a file whose name does not tell.
        alpha: whether to decode the alpha of VP9, too, which lies beside the frames; the usual decoder leaves it out.

    Raises:
        EncodeFailed: when it cannot be opened or decoded, or holds no picture.
    """
    try:
        with av.open(str(path), format=file_format) as container:
            return _count(container, alpha=alpha)
    except (av.FFmpegError, IndexError) as error:
        raise EncodeFailed(f"{path.name} does not decode: {error}", details={"path": str(path)}) from error


def codec_name(stream: Any) -> str:
    """Return the codec of a stream, by the name that the contract uses."""
    name = str(stream.codec_context.codec.canonical_name)
    return _CODEC_NAMES.get(name, name)


def vp9_decoder_with_alpha() -> Callable[[Any], Any]:
    """Return what decodes a packet of VP9 to frames with alpha; a packet without data flushes it."""
    decoder = av.CodecContext.create("libvpx-vp9", "r")
    return lambda packet: decoder.decode(packet if packet.size else None)


def _count(container: Any, *, alpha: bool) -> VideoFacts:
    video = container.streams.video[0]
    video.thread_type = "AUTO"
    decode = vp9_decoder_with_alpha() if alpha and codec_name(video) == "vp9" else lambda packet: packet.decode()
    counted: Counter[int] = Counter()
    size, starts, opaque = (0, 0), array("q"), 0
    for packet in container.demux(video, *container.streams.audio):
        if packet.stream.type == "video":
            for frame in decode(packet):
                starts.append(-1 if frame.pts is None else frame.pts)
                opaque += len(frame.format.components) <= _COLOURS
                size = (frame.width, frame.height)
        else:
            counted[packet.stream.index] += sum(frame.samples for frame in packet.decode())
    tracks = tuple(
        AudioTrack(
            codec=codec_name(stream),
            sample_rate=stream.rate,
            channels=stream.channels,
            duration_s=counted[stream.index] / stream.rate,
            language=None if stream.metadata.get("language") in {None, "und"} else stream.metadata["language"],
        )
        for stream in container.streams.audio
    )
    return VideoFacts(
        codec=codec_name(video),
        width=size[0],
        height=size[1],
        fps=float(video.average_rate or 0),
        frames=len(starts),
        audio_tracks=tracks,
        times=FrameTimes(video.time_base, starts, _end(video)),
        alpha=bool(starts) and not opaque,
    )


def _end(video: Any) -> Fraction | None:
    """Return when the last frame ends: Matroska has it in a tag of the track, the others as the track's duration."""
    tag = video.metadata.get("DURATION")
    if tag is not None:
        hours, minutes, seconds = tag.split(":")
        return int(hours) * 3600 + int(minutes) * 60 + Fraction(seconds)
    if video.duration is None:
        return None
    return Fraction(video.duration * video.time_base)
