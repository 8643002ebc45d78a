"""What becomes of each track of a source's sound."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from persistence.artifacts_audio import write_audio_artifact
from persistence.local_artifact import LocalArtifact
from persistence.matte.copying import plan_copy
from persistence.matte.planned_track import CopiedSound, EncodedSound, PlannedTrack
from persistence.source.audio import read_track
from reelfleet.contract.matting_spec import MattingSpec
from reelfleet.contract.output import OutputOptions


@dataclass(frozen=True)
class Span:
    """The time of a range of frames, in seconds."""

    origin: Fraction
    """The source's own time of its first frame."""
    start: Fraction
    """From the source's first frame to the range's first."""
    end: Fraction
    """From the source's first frame to the end of the range's last."""


def plan_sound(source: Path, spec: MattingSpec, span: Span) -> tuple[PlannedTrack, ...]:
    """Decide for every track whether it is copied or encoded again; the samples of those that are encoded are held until the end.

    A track that has nothing to be heard in the range is left out.

    Raises:
        InputUnreadable: when a track cannot be decoded, naming it.
    """
    planned: list[PlannedTrack] = []
    for track in spec.source.audio_tracks:
        start, end = span.origin + span.start, span.origin + span.end
        copy = plan_copy(source, track.index, start=start, end=end, container=spec.output.container)
        if copy is not None:
            planned.append(CopiedSound(source, track, copy))
            continue
        samples, rate = read_track(source, track, origin=span.origin, start=span.start, end=span.end)
        if len(samples):
            planned.append(EncodedSound(track, samples, rate))
    return tuple(planned)


def write_sound(
    source: Path, spec: MattingSpec, span: Span, planned: Sequence[PlannedTrack], *, folder: Path, stem: str, metadata: str | None
) -> Iterator[LocalArtifact]:
    """Write every track that has something to be heard in the range as a file of its own, decoded and cut to the sample.

    What :func:`plan_sound` decoded and ``planned`` holds is not decoded again.

    Raises:
        InputUnreadable: when a track cannot be decoded, naming it.
        DiskFull, EncodeFailed: when a file cannot be written or is not what was asked for.
    """
    options = OutputOptions(audio_format=spec.output.audio_format)
    held = {track.source.index: (track.samples, track.sample_rate) for track in planned if isinstance(track, EncodedSound)}
    for track in spec.source.audio_tracks:
        samples, rate = held.get(track.index) or read_track(source, track, origin=span.origin, start=span.start, end=span.end)
        if len(samples):
            name = f"{stem}-audio-{track.index}"
            yield write_audio_artifact(samples, rate, options, folder=folder, stem=name, metadata=metadata, source=track)
