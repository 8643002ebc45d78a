"""What the stage prepare does for a matting: look into the source and the masks, so that no device is spent on what cannot be read."""

from __future__ import annotations

from pathlib import Path

from persistence.source.audio import check_track
from persistence.source.frames import end_of_decodable
from persistence.source.masks import read_mask
from persistence.source.probe import probe_source
from persistence.source.sizes import output_size
from reelfleet.contract.errors import FleetError, InputUnreadable
from reelfleet.contract.matte_request import SOURCE_FIELD, MatteRequest
from reelfleet.contract.matting_spec import MattingSpec
from reelfleet.contract.names import Stage, gpu_queue
from reelfleet.contract.source import SourceFacts
from reelfleet.matte_resolution import resolve_matte
from tasks.stages.context import StageContext
from tasks.stages.handover import hand_on
from tasks.stages.ingesting import ingested, raise_all


def prepare_matting(context: StageContext, request: MatteRequest) -> None:
    """Check and resolve a matting, and hand it on to whoever makes its masks, or mattes it.

    Raises:
        InputMissing, InputUnreadable: with every input that cannot be fetched or opened; then when the source breaks off within the range;
            then, of a source that does not, with every mask and track that cannot be decoded.
        InvalidRequest: in between, with everything of the request that does not fit the source.
    """
    with ingested(context) as (inputs, folder):
        source = folder / SOURCE_FIELD
        facts = _readable(context, request, source, probe_source(source, max_pixels=context.process.settings.max_image_pixels))
        size = output_size(facts.width, facts.height, request.resize, request.fit)
        spec = resolve_matte(request, context.matting_card(), inputs, facts, size)
        _look_at_inputs(context, spec, folder)
    _tell_tracks(context, spec)
    if spec.prompted and spec.mask_model is not None:
        hand_on(context, stage=Stage.MASK, queue=gpu_queue(spec.mask_model), report=spec.model_dump_json())
        return
    context.process.ledger.jobs.keep_spec(context.lease, spec)
    hand_on(context, stage=Stage.MATTE, queue=gpu_queue(request.model))


def _readable(context: StageContext, request: MatteRequest, source: Path, facts: SourceFacts) -> SourceFacts:
    """Return the facts of what can be decoded: all of the range, or with ``allow_truncated`` as much as there is."""
    wanted = facts.frames if request.end_frame is None else min(request.end_frame, facts.frames)
    first = min(request.start_frame, wanted)
    decodable = end_of_decodable(source, facts, first, wanted)
    cut_off = facts.missing_s > 0 and (request.end_frame is None or request.end_frame > facts.frames)
    if decodable >= wanted and not cut_off:
        return facts
    decoded, expected = decodable - first, wanted - first
    of = f"{expected} frames" + (f" from number {first} on" if first else "")
    lacks = f" and about {facts.missing_s:.1f} s are not there" if cut_off else ""
    told = f"{SOURCE_FIELD}: {request.source} is damaged or cut off: {decoded} of its {of} can be decoded{lacks}"
    if not request.allow_truncated or not decoded:
        raise InputUnreadable(
            f"{told}; repair it, end the range there (end_frame), or matte what there is with allow_truncated (--allow-truncated)",
            details={"field": SOURCE_FIELD, "decoded": decoded, "expected": expected},
        )
    context.observer.note(f"{told}; the others are left out")
    return facts.model_copy(update={"frames": decodable})


def _tell_tracks(context: StageContext, spec: MattingSpec) -> None:
    """Say which tracks of sound the source has, before anybody sees them in the result."""
    for track in spec.source.audio_tracks:
        language, plural = f", {track.language}" if track.language else "", "s" if track.channels != 1 else ""
        told = f"audio track {track.index}: {track.codec}, {track.sample_rate} Hz, {track.channels} channel{plural}, {track.duration_s:.2f} s{language}"
        context.observer.note(told if spec.audio else f"{told}; left out")


def _look_at_inputs(context: StageContext, spec: MattingSpec, folder: Path) -> None:
    """Decode every mask and the beginning of every track, and tell what is worth knowing of them."""
    errors: list[FleetError] = []
    for mask in spec.masks:
        if mask.input is None:
            continue
        try:
            read = read_mask(folder / mask.input, frame=mask.frame, size=(spec.width, spec.height), name=mask.input)
        except InputUnreadable as error:
            errors.append(error)
            continue
        for note in read.notes:
            context.observer.note(note)
    for track in spec.source.audio_tracks if spec.audio else ():
        try:
            check_track(folder / SOURCE_FIELD, track)
        except InputUnreadable as error:
            errors.append(error)
    raise_all(errors)
