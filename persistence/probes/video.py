"""Probing video files."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import av

from persistence.probes.facts import VideoFacts
from reelfleet.contract.errors import EncodeFailed
from reelfleet.contract.manifest import AudioTrack

_CODEC_NAMES = {"hevc": "h265"}
"""ffmpeg's name of a codec where it is not ours."""


def probe_video(path: Path, *, file_format: str | None = None) -> VideoFacts:
    """Decode every frame and every sample of a file.

    Args:
        path: the file.
        file_format: ffmpeg's name of the container, for a file whose name does not tell.

    Raises:
        EncodeFailed: when it cannot be opened or decoded, or holds no picture.
    """
    try:
        with av.open(str(path), format=file_format) as container:
            return _count(container)
    except (av.FFmpegError, IndexError) as error:
        raise EncodeFailed(f"{path.name} does not decode: {error}", details={"path": str(path)}) from error


def codec_name(stream: Any) -> str:
    """Return the codec of a stream, by the name that the contract uses."""
    name = str(stream.codec_context.codec.canonical_name)
    return _CODEC_NAMES.get(name, name)


def _count(container: Any) -> VideoFacts:
    video = container.streams.video[0]
    video.thread_type = "AUTO"
    counted: Counter[int] = Counter()
    size = (0, 0)
    for packet in container.demux(video, *container.streams.audio):
        for frame in packet.decode():
            if packet.stream.type == "video":
                counted[packet.stream.index] += 1
                size = (frame.width, frame.height)
            else:
                counted[packet.stream.index] += frame.samples
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
        frames=counted[video.index],
        audio_tracks=tracks,
    )
