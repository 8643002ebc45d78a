"""A video among the files of a matting."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from pathlib import Path

from persistence.content_hash import FrameHash
from persistence.finish import UnfinishedFile
from persistence.local_artifact import LocalArtifact
from persistence.matte.checks import check_matte_video
from persistence.matte.compose import grey
from persistence.matte.output import Picture
from persistence.matte.planned_track import PlannedTrack
from persistence.matte.timeline import Moment
from persistence.probes.facts import VideoFacts
from persistence.probes.video import probe_video
from persistence.writers.video import VideoJob, VideoWriter, check_video_job
from persistence.writers.video_encoders import CONTAINER_FORMATS, MEDIA_TYPES
from reelfleet.contract.manifest import Role

_ONE_CHANNEL = 2


class VideoOutput:
    """Encodes while the frames pass by. Of each frame it keeps eight bytes, its time, to compare with what the finished file says.

    Args:
        path: where the file goes.
        role: of the artifact.
        job: what it holds.
        tracks: of sound, in order.
        content: the hash of the pictures, taken by whoever hands them out.
    """

    def __init__(self, path: Path, role: Role, job: VideoJob, *, tracks: Sequence[PlannedTrack], content: FrameHash) -> None:
        self._file = UnfinishedFile(path)
        self._role, self._job, self._tracks, self._content = role, job, tracks, content
        self._writer: VideoWriter | None = None
        self._starts, self._end = array("q"), 0

    def check(self) -> None:
        """As :class:`Output` says."""
        check_video_job(self._job)
        for track in self._tracks:
            track.check()

    def open(self) -> None:
        """As :class:`Output` says."""
        kind = self._job.options.container
        self._writer = VideoWriter(self._file.part, self._job, [track.adder(kind) for track in self._tracks])

    def write(self, picture: Picture, moment: Moment) -> None:
        """As :class:`Output` says; an alpha alone is shown as grey."""
        rgb = grey(picture) if picture.ndim == _ONE_CHANNEL else picture
        self._opened().write(rgb, moment.start, moment.duration)
        self._starts.append(moment.start)
        self._end = moment.start + moment.duration

    def finish(self) -> LocalArtifact:
        """As :class:`Output` says."""
        self._opened().finish()
        job, options = self._job, self._job.options
        finished, facts = self._file.finish(probe=self._probe, metadata=job.comment)
        duration = float(self._end * job.tick)
        return LocalArtifact(
            path=finished.path,
            role=self._role,
            bytes=finished.bytes,
            sha256=finished.sha256,
            content_sha256=self._content.hexdigest(),
            media_type=MEDIA_TYPES[options.container],
            codec=facts.codec,
            width=facts.width,
            height=facts.height,
            fps=job.fps if job.time_base is None else facts.frames / duration,
            frames=facts.frames,
            duration_s=duration,
            audio_tracks=tuple(track.described(found) for track, found in zip(self._tracks, facts.audio_tracks, strict=True)),
        )

    def discard(self) -> None:
        """As :class:`Output` says."""
        if self._writer is not None:
            self._writer.close()
        self._file.discard()

    def _probe(self, part: Path) -> VideoFacts:
        job = self._job
        facts = probe_video(part, file_format=CONTAINER_FORMATS[job.options.container], alpha=job.encoder.keeps_alpha)
        check_matte_video(self._file.path.name, facts, job, self._starts, self._end, [track.expected for track in self._tracks])
        return facts

    def _opened(self) -> VideoWriter:
        if self._writer is None:
            raise ValueError("open comes before the first frame")
        return self._writer
