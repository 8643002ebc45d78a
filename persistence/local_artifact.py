"""A finished file on this machine, before it is in a store."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from reelfleet.contract.manifest import Artifact, AudioTrack, Role
from reelfleet.store.keys import attempt_prefix


@dataclass(frozen=True)
class LocalArtifact:
    """One file of a result, as it was found when it was reopened, decoded and counted; fields as in ``Artifact``."""

    path: Path
    role: Role
    bytes: int
    sha256: str
    media_type: str
    content_sha256: str | None = None
    codec: str | None = None
    width: int | None = None
    height: int | None = None
    fps: float | None = None
    frames: int | None = None
    duration_s: float | None = None
    audio_tracks: tuple[AudioTrack, ...] = ()
    sidecar: str | None = None
    """File name of the sidecar."""

    @property
    def name(self) -> str:
        """The file name."""
        return self.path.name

    def in_store(self, job_id: str, fence: int) -> Artifact:
        """Return the artifact as it lies under the prefix of an attempt."""
        prefix = attempt_prefix(job_id, fence)
        return Artifact(
            role=self.role,
            name=self.name,
            key=f"{prefix}/{self.name}",
            bytes=self.bytes,
            sha256=self.sha256,
            content_sha256=self.content_sha256,
            media_type=self.media_type,
            codec=self.codec,
            width=self.width,
            height=self.height,
            fps=self.fps,
            frames=self.frames,
            duration_s=self.duration_s,
            audio_tracks=self.audio_tracks,
            sidecar=f"{prefix}/{self.sidecar}" if self.sidecar else None,
        )
