"""From the alphas of a matting to its files, in one pass over the source."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from persistence.alphas.segment import Alpha
from persistence.disk import writing
from persistence.local_artifact import LocalArtifact
from persistence.matte.sound import Span, plan_sound, write_sound
from persistence.matte.strand import Strand, Surroundings, plan_strand
from persistence.matte.timeline import Timeline, timeline_of
from persistence.metadata_text import metadata_json
from persistence.naming import artifact_stem, matte_stem
from persistence.sidecar import write_sidecar
from persistence.source.frame_index import index_frames
from persistence.source.frames import SourceFrame, read_frames
from reelfleet.contract.errors import EncodeFailed
from reelfleet.contract.matting_spec import MattingSpec

Progress = Callable[[int, int], None]


class Alphas(Protocol):
    """The alphas of a matting, as ``persistence.alphas.reader.AlphaReader`` reads them."""

    @property
    def width(self) -> int:
        """Pixels."""

    @property
    def height(self) -> int:
        """Pixels."""

    @property
    def targets(self) -> tuple[str, ...]:
        """Whose alphas there are."""

    @property
    def start(self) -> int:
        """Number of the first frame in the source."""

    @property
    def count(self) -> int:
        """Frames, each with one alpha per target."""

    def alpha(self, target: str, frame: int) -> Alpha:
        """Return a target's alpha of a frame of the source, uint8 (height, width)."""


def write_matte_artifacts(
    alphas: Alphas, source: Path, spec: MattingSpec, *, job_id: str, folder: Path, metadata: Mapping[str, Any], on_progress: Progress
) -> tuple[LocalArtifact, ...]:
    """Write every file of a matting.

    For each target: the foreground as ``spec.output_type`` says, with the source's sound; the alpha as grey; with ``save_masks`` an
    archive of alphas, and of RGBA frames where the output has an alpha channel. Then, with ``save_audio``, every track of sound. Each is
    followed by its sidecar when ``spec.metadata_mode`` is json. The source is decoded once, beside its alphas, and every file grows by one
    frame at a time; only the samples of sound that must be encoded again are held.

    Args:
        alphas: of the range; fewer frames than the range has only with ``allow_truncated``.
        source: the file, as ``spec.source`` describes it.
        spec: what was asked for.
        job_id: becomes part of the file names.
        folder: gets the files; made if need be.
        metadata: JSON data, embedded or written beside each file.
        on_progress: called with frames written and how many there are; may raise to stop.

    Returns:
        What was written, in the order above.

    Raises:
        Unsupported: when an encoder cannot do what is asked; nothing was written.
        InputUnreadable: when the source ends early or a track of its sound cannot be decoded.
        DiskFull, EncodeFailed: when a file cannot be written, or does not decode to what was asked for, or the alphas are others than
            those asked for. After any of these, and whatever ``on_progress`` raises, no file is left.
    """
    _check_alphas(alphas, spec)
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    text = metadata_json(metadata)
    beside = spec.metadata_mode == "json"
    artifacts: list[LocalArtifact] = []
    try:
        stem = artifact_stem(spec.model, job_id)
        with contextlib.closing(_media(alphas, source, spec, stem, folder, None if beside else text, on_progress)) as files:
            for written in files:
                artifacts.append(written)
                if beside:
                    sidecar = write_sidecar(written.path, text)
                    artifacts[-1:] = [dataclasses.replace(written, sidecar=sidecar.name), sidecar]
    except BaseException:
        _remove(artifact.path for artifact in artifacts)
        raise
    return tuple(artifacts)


def _media(
    alphas: Alphas, source: Path, spec: MattingSpec, stem: str, folder: Path, text: str | None, on_progress: Progress
) -> Generator[LocalArtifact, None, None]:
    index = index_frames(source) if spec.source.media == "video" else None
    span = index and Span(index.origin, index.time(alphas.start), index.time(alphas.start + alphas.count))
    tracks = plan_sound(source, spec, span) if span and spec.audio else ()
    around = Surroundings(folder, timeline_of(spec.source, index), tracks, text)
    strands = [plan_strand(target, spec, matte_stem(stem, target, len(spec.targets)), around) for target in spec.targets]
    outputs = [output for strand in strands for _, output in strand.outputs]
    for output in outputs:
        output.check()
    with contextlib.ExitStack() as unfinished:
        for output in outputs:
            unfinished.callback(output.discard)
            output.open()
        frames = read_frames(
            source,
            spec.source,
            start=alphas.start,
            end=alphas.start + alphas.count,
            size=(spec.width, spec.height),
            allow_truncated=spec.allow_truncated,
            index=index,
        )
        with contextlib.closing(frames):
            _write_frames(frames, alphas, strands, around.timeline, on_progress)
        for output in outputs:
            yield output.finish()
    if span and spec.audio and spec.output.save_audio:
        yield from write_sound(source, spec, span, tracks, folder=folder, stem=stem, metadata=text)


def _write_frames(
    frames: Iterable[SourceFrame], alphas: Alphas, strands: Sequence[Strand], timeline: Timeline, on_progress: Progress
) -> None:
    done = 0
    for done, frame in enumerate(frames, start=1):
        moment = timeline.moment(frame)
        for strand in strands:
            strand.write(frame.rgb, alphas.alpha(strand.target, frame.number), moment)
        on_progress(done, alphas.count)
    if done != alphas.count:
        what = f"the source gave {done} frames where {alphas.count} have alphas"
        raise EncodeFailed(f"{what}; the alphas must be made again", details={"spool": "other"})


def _check_alphas(alphas: Alphas, spec: MattingSpec) -> None:
    asked: tuple[object, ...] = (spec.width, spec.height, spec.start_frame, set(spec.targets))
    found: tuple[object, ...] = (alphas.width, alphas.height, alphas.start, set(alphas.targets))
    complete = alphas.count == spec.frames or (spec.allow_truncated and 0 < alphas.count < spec.frames)
    if asked != found or not complete:
        told = f"width, height, first frame and targets {found} and {alphas.count} frames"
        raise EncodeFailed(f"there are alphas of {told} where {asked} and {spec.frames} were asked for", details={"spool": "other"})


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        with writing(path):
            path.unlink(missing_ok=True)
