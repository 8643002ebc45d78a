"""Video files, written by PyAV."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self

import av

from persistence.disk import write_error
from persistence.spool import Frame, Samples
from persistence.writers.color import ToBt709, ToBt709WithAlpha, tag_bt709
from persistence.writers.scheduling import unchanged_scheduling
from persistence.writers.sound_track import SoundTrack
from persistence.writers.video_encoders import CONTAINER_FORMATS, ENCODERS, VideoEncoder, container_options
from reelfleet.contract.errors import Unsupported
from reelfleet.contract.output import OutputOptions, VideoCodec

if TYPE_CHECKING:
    from types import TracebackType

_FPS_DENOMINATOR = 1_001_000
"""Holds 24000/1001 as well as any rate with three decimals."""


def frame_rate(fps: float) -> Fraction:
    """Return a rate as containers keep it."""
    return Fraction(fps).limit_denominator(_FPS_DENOMINATOR)


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
    time_base: Fraction | None = None
    """Seconds in which frame times are counted, for frames that are not all shown equally long; none: each is shown for ``1 / rate``."""
    special_encoder: VideoEncoder | None = None
    """Instead of the codec's usual one."""

    @property
    def rate(self) -> Fraction:
        """``fps`` as the container keeps it."""
        return frame_rate(self.fps)

    @property
    def tick(self) -> Fraction:
        """Seconds in which the times of frames are counted."""
        return self.time_base or 1 / self.rate

    @property
    def encoder(self) -> VideoEncoder:
        """The encoder that is used."""
        return self.special_encoder or ENCODERS[self.options.codec]


class Track(Protocol):
    """A track of sound of an open container."""

    def feed_until(self, seconds: float) -> None:
        """Write what sounds before this time."""

    def finish(self) -> None:
        """Write the rest."""

    def close(self) -> None:
        """Let go of what it reads from."""


AddTrack = Callable[[Any], Track]
"""Adds one track to an open container of PyAV."""


class VideoWriter:
    """One video file that is written frame by frame, with its sound alongside.

    Without :meth:`finish` the file is not whole. A context manager: what is open is closed at the end.

    Args:
        path: where; its name need not end in the container's suffix.
        job: what; its ``sound`` is not looked at.
        tracks: of sound, in order.

    Raises:
        Unsupported: as :func:`check_video_job`.
        DiskFull: when no space is left.
        EncodeFailed: when ffmpeg fails otherwise.
    """

    def __init__(self, path: Path, job: VideoJob, tracks: Sequence[AddTrack] = ()) -> None:
        check_video_job(job)
        os.environ.setdefault("SVT_LOG", "1")  # SVT-AV1 tells its settings on stderr for every clip, unless only errors are asked for
        self._path, self._job, self._closed = path, job, False
        self._tracks: list[Track] = []
        self._durations: dict[int, int] = {}
        container = job.options.container
        with self._writing():
            self._container = av.open(str(path), "w", format=CONTAINER_FORMATS[container], options=container_options(container))
        try:
            with self._writing():
                if job.comment is not None:
                    self._container.metadata["comment"] = job.comment
                self._stream = _add_video(self._container, job)
                for add in tracks:
                    self._tracks.append(add(self._container))
        except BaseException:
            self.close()
            raise
        self._convert = (ToBt709WithAlpha if job.encoder.keeps_alpha else ToBt709)(self._stream.pix_fmt).convert

    def write(self, picture: Frame, start: int, duration: int = 1) -> None:
        """Encode one frame, and the sound up to its end.

        Args:
            picture: uint8 (height, width, 3), or (height, width, 4) for an encoder that keeps alpha.
            start: when it is shown, in ``job.tick``; later than the one before.
            duration: how long, in the same.

        Raises:
            DiskFull, EncodeFailed: when it cannot be written.
        """
        tick = self._job.tick
        with self._writing():
            frame = self._convert(picture)
            frame.pts, frame.time_base = start, tick
            self._durations[start] = duration
            self._mux(frame)
            for track in self._tracks:
                track.feed_until(float((start + duration) * tick))

    def finish(self) -> None:
        """Encode what is left, and close the file.

        Raises:
            DiskFull, EncodeFailed: when it cannot be written.
        """
        with self._writing():
            self._mux(None)
            for track in self._tracks:
                track.finish()
            self._closed = True
            self._close_tracks()
            self._container.close()

    def close(self) -> None:
        """Close the file as it is; after :meth:`finish` there is nothing to do."""
        if self._closed:
            return
        self._closed = True
        self._close_tracks()
        # What stopped the writing is what counts; a file that is given up need not have a good end.
        with contextlib.suppress(av.FFmpegError, OSError):
            self._container.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _mux(self, frame: Any) -> None:
        for packet in self._stream.encode(frame):
            duration = self._durations.pop(packet.pts, None)
            if duration is not None and self._job.time_base is not None:
                packet.duration = duration  # encoders know of none but the average
            self._container.mux(packet)

    def _close_tracks(self) -> None:
        for track in self._tracks:
            track.close()

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except (av.FFmpegError, OSError) as error:
            raise write_error(self._path, error) from error


def check_video_job(job: VideoJob) -> None:
    """Find out before anything is written whether the encoder can do this.

    Raises:
        Unsupported: when it cannot, or this build of PyAV lacks it.
    """
    encoder = job.encoder
    encoder.pixel_format_for(job.width, job.height)
    if encoder.name not in av.codecs_available:
        raise Unsupported(f"this build of PyAV has no {encoder.name}; choose another video_codec")


def write_video(path: Path, job: VideoJob, frames: Iterable[Frame], on_frame: Callable[[int], None]) -> None:
    """Write one file whose frames are all shown equally long.

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
    sound = job.sound
    tracks = [lambda container: SoundTrack(container, job.options.container, *sound)] if sound else []
    with VideoWriter(path, job, tracks) as writer:
        for count, rgb in enumerate(frames, start=1):
            writer.write(rgb, count - 1)
            on_frame(count)
        writer.finish()


def _add_video(container: Any, job: VideoJob) -> Any:
    encoder, in_order = job.encoder, job.time_base is not None
    options = encoder.options_for(job.options.video_crf, job.width, job.height, in_order=in_order)
    stream = container.add_stream(encoder.name, rate=job.rate, options=options)
    stream.width, stream.height = job.width, job.height
    stream.pix_fmt = encoder.pixel_format_for(job.width, job.height)
    stream.codec_context.thread_type = "AUTO"
    if job.time_base is not None:
        stream.time_base = stream.codec_context.time_base = job.time_base
    tag_bt709(stream.codec_context)
    if job.options.codec is VideoCodec.H265 and job.options.container.value in {"mp4", "mov"}:
        stream.codec_context.codec_tag = "hvc1"  # the only tag that Apple's players take
    with unchanged_scheduling():
        stream.codec_context.open()
    return stream
