"""One track of the source's sound, as it gets into the videos of a matting."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from persistence.content_hash import hash_samples
from persistence.matte.checks import ExpectedTrack
from persistence.matte.copied_track import CopiedTrack
from persistence.matte.copying import Copy
from persistence.spool import Samples
from persistence.writers.sound_track import SoundTrack, check_channels
from persistence.writers.video import AddTrack
from reelfleet.contract.manifest import AudioTrack
from reelfleet.contract.output import VideoContainer
from reelfleet.contract.source import SourceTrack


@dataclass(frozen=True)
class CopiedSound:
    """A track whose packets are taken over."""

    path: Path
    source: SourceTrack
    copy: Copy

    def check(self) -> None:
        """What is coded already needs no encoder."""

    @property
    def expected(self) -> ExpectedTrack:
        """How it should be found."""
        return ExpectedTrack(self.copy.codec, self.copy.channels, self.copy.duration_s, self.source.language)

    def adder(self, kind: VideoContainer) -> AddTrack:  # noqa: ARG002 - every track is called alike
        """Return what adds it to a container."""
        return lambda container: CopiedTrack(container, self.path, self.copy.cut, self.source.language)

    def described(self, found: AudioTrack) -> AudioTrack:
        """Return what the manifest says of the track that was found."""
        return found.model_copy(
            update={"language": found.language or self.source.language, "source_codec": self.source.codec, "copied": True}
        )


@dataclass(frozen=True)
class EncodedSound:
    """A track that is decoded, cut to the sample and encoded again."""

    source: SourceTrack
    samples: Samples
    sample_rate: int
    """Hertz."""

    def check(self) -> None:
        """Find out before anything is written whether it can be.

        Raises:
            Unsupported: for more channels than have a common layout.
        """
        check_channels(self.samples.shape[1])

    @property
    def expected(self) -> ExpectedTrack:
        """How it should be found."""
        return ExpectedTrack(None, self.samples.shape[1], len(self.samples) / self.sample_rate, self.source.language)

    def adder(self, kind: VideoContainer) -> AddTrack:
        """Return what adds it to a container."""
        return lambda container: SoundTrack(container, kind, self.samples, self.sample_rate, self.source.language)

    def described(self, found: AudioTrack) -> AudioTrack:
        """Return what the manifest says of the track that was found."""
        return found.model_copy(
            update={
                "language": found.language or self.source.language,
                "source_codec": self.source.codec,
                "content_sha256": hash_samples(self.samples),
            }
        )


PlannedTrack = CopiedSound | EncodedSound
