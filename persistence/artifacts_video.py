"""The video artifact of a job."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from persistence.checks import check_video
from persistence.content_hash import FrameHash, hash_samples
from persistence.finish import finish_file
from persistence.local_artifact import LocalArtifact
from persistence.probes.facts import VideoFacts
from persistence.probes.video import probe_video
from persistence.spool import SpoolReader
from persistence.writers.video import VideoJob, write_video
from persistence.writers.video_encoders import CONTAINER_FORMATS, MEDIA_TYPES
from reelfleet.contract.errors import EncodeFailed
from reelfleet.contract.manifest import Role
from reelfleet.contract.output import OutputOptions


def write_video_artifact(
    spool: SpoolReader, options: OutputOptions, *, folder: Path, stem: str, comment: str | None, on_frame: Callable[[int], None]
) -> LocalArtifact:
    """Encode all frames, with the sound if there is any.

    Raises:
        Unsupported: when the encoder cannot write this size; nothing was written.
        DiskFull, EncodeFailed: when the file cannot be written or is not what was asked for.
    """
    if spool.fps is None:
        raise EncodeFailed("the spool holds frames without a rate, which make no video", details={"spool": str(spool.folder)})
    sound = spool.audio()
    job = VideoJob(spool.width, spool.height, spool.fps, options, sound, comment)
    path = folder / f"{stem}.{options.container.value}"
    content = FrameHash()

    def probe(part: Path) -> VideoFacts:
        facts = probe_video(part, file_format=CONTAINER_FORMATS[options.container])
        check_video(path.name, facts, job, spool.count)
        return facts

    finished, facts = finish_file(
        path, write=lambda part: write_video(part, job, content.over(spool.iter_frames()), on_frame), probe=probe, metadata=comment
    )
    sound_hash = hash_samples(sound[0]) if sound else None
    return LocalArtifact(
        path=path,
        role=Role.VIDEO,
        bytes=finished.bytes,
        sha256=finished.sha256,
        content_sha256=content.hexdigest(),
        media_type=MEDIA_TYPES[options.container],
        codec=facts.codec,
        width=facts.width,
        height=facts.height,
        fps=spool.fps,
        frames=facts.frames,
        duration_s=facts.frames / spool.fps,
        audio_tracks=tuple(track.model_copy(update={"content_sha256": sound_hash}) for track in facts.audio_tracks),
    )
