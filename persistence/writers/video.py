"""Video files, written by PyAV."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from persistence.disk import write_error
from persistence.spool import Frame, Samples
from persistence.writers.color import ToBt709, tag_bt709
from persistence.writers.scheduling import unchanged_scheduling
from persistence.writers.sound_track import SoundTrack
from persistence.writers.video_encoders import CONTAINER_FORMATS, ENCODERS, container_options
from reelfleet.contract.errors import Unsupported
from reelfleet.contract.output import OutputOptions, VideoCodec

_FPS_DENOMINATOR = 1_001_000
"""Holds 24000/1001 as well as any rate with three decimals."""


@dataclass(frozen=True)
class VideoJob:
    """What one video file is to hold."""

    width: int
    height: int
    fps: float
    options: OutputOptions
    sound: tuple[Samples, int] | None = None
    """float32 (samples, channels) and hertz."""
    comment: str | None = None
    """Goes into the container's comment."""

    @property
    def rate(self) -> Fraction:
        """``fps`` as the container keeps it."""
        return Fraction(self.fps).limit_denominator(_FPS_DENOMINATOR)


def check_video_job(job: VideoJob) -> None:
    """Find out before anything is written whether the encoder can do this.

    Raises:
        Unsupported: when it cannot, or this build of PyAV lacks it.
    """
    encoder = ENCODERS[job.options.codec]
    encoder.pixel_format_for(job.width, job.height)
    if encoder.name not in av.codecs_available:
        raise Unsupported(f"this build of PyAV has no {encoder.name}; choose another video_codec")


def write_video(path: Path, job: VideoJob, frames: Iterable[Frame], on_frame: Callable[[int], None]) -> None:
    """Write one file.

    Args:
        path: where; its name need not end in the container's suffix.
        job: what.
        frames: uint8 (height, width, 3), in order.
        on_frame: called with the number of frames encoded so far; may raise to stop.

    Raises:
        Unsupported: as :func:`check_video_job`.
        DiskFull: when no space is left.
        EncodeFailed: when ffmpeg fails otherwise.
    """
    check_video_job(job)
    os.environ.setdefault("SVT_LOG", "1")  # SVT-AV1 tells its settings on stderr for every clip, unless only errors are asked for
    container_name = job.options.container
    try:
        with av.open(str(path), "w", format=CONTAINER_FORMATS[container_name], options=container_options(container_name)) as container:
            if job.comment is not None:
                container.metadata["comment"] = job.comment
            _encode(container, job, frames, on_frame)
    except (av.FFmpegError, OSError) as error:
        raise write_error(path, error) from error


def _encode(container: Any, job: VideoJob, frames: Iterable[Frame], on_frame: Callable[[int], None]) -> None:
    stream = _add_video(container, job)
    track = SoundTrack(container, job.options.container, *job.sound) if job.sound else None
    to_bt709 = ToBt709(stream.pix_fmt)
    for count, rgb in enumerate(frames, start=1):
        picture = to_bt709.convert(rgb)
        picture.pts, picture.time_base = count - 1, 1 / job.rate
        container.mux(stream.encode(picture))
        if track:
            track.feed_until(count / job.fps)
        on_frame(count)
    container.mux(stream.encode(None))
    if track:
        track.finish()


def _add_video(container: Any, job: VideoJob) -> Any:
    encoder = ENCODERS[job.options.codec]
    stream = container.add_stream(encoder.name, rate=job.rate, options=encoder.options_for(job.options.video_crf, job.width, job.height))
    stream.width, stream.height = job.width, job.height
    stream.pix_fmt = encoder.pixel_format_for(job.width, job.height)
    stream.codec_context.thread_type = "AUTO"
    tag_bt709(stream.codec_context)
    if job.options.codec is VideoCodec.H265 and job.options.container.value in {"mp4", "mov"}:
        stream.codec_context.codec_tag = "hvc1"  # the only tag that Apple's players take
    with unchanged_scheduling():
        stream.codec_context.open()
    return stream
