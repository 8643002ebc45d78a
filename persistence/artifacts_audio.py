"""The sound of a job as an artifact of its own."""

from __future__ import annotations

from pathlib import Path

from persistence.checks import check_audio
from persistence.content_hash import hash_samples
from persistence.finish import finish_file
from persistence.local_artifact import LocalArtifact
from persistence.probes.audio import probe_audio
from persistence.probes.facts import AudioFacts
from persistence.spool import Samples
from persistence.writers.audio import AUDIO_WRITERS, MEDIA_TYPES
from reelfleet.contract.manifest import AudioTrack, Role
from reelfleet.contract.output import OutputOptions
from reelfleet.contract.source import SourceTrack


def write_audio_artifact(
    samples: Samples,
    sample_rate: int,
    options: OutputOptions,
    *,
    folder: Path,
    stem: str,
    metadata: str | None,
    source: SourceTrack | None = None,
) -> LocalArtifact:
    """Write all sound as one file.

    Args:
        samples: float32 (samples, channels), -1 to 1.
        sample_rate: hertz.
        options: the format.
        folder: gets the file.
        stem: of its name.
        metadata: JSON that is embedded; none: nothing is.
        source: the track that the samples were decoded from, if they were.

    Raises:
        DiskFull, EncodeFailed: when the file cannot be written or is not what was asked for.
    """
    kind = options.audio_format
    path = folder / f"{stem}.{kind.value}"

    def probe(part: Path) -> AudioFacts:
        facts = probe_audio(part)
        check_audio(path.name, facts, samples, sample_rate)
        return facts

    finished, facts = finish_file(
        path, write=lambda part: AUDIO_WRITERS[kind](part, samples, sample_rate, metadata), probe=probe, metadata=metadata
    )
    content = hash_samples(samples)
    track = AudioTrack(
        codec=facts.codec,
        sample_rate=facts.sample_rate,
        channels=facts.channels,
        duration_s=facts.duration_s,
        language=source.language if source else None,
        source_codec=source.codec if source else None,
        content_sha256=content,
    )
    return LocalArtifact(
        path=path,
        role=Role.AUDIO,
        bytes=finished.bytes,
        sha256=finished.sha256,
        content_sha256=content,
        media_type=MEDIA_TYPES[kind],
        codec=facts.codec,
        duration_s=facts.duration_s,
        audio_tracks=(track,),
    )
