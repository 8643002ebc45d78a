"""Checkpoints of a matting: the state of the run that is under way, and the closed segments of alphas so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from pydantic import TypeAdapter, ValidationError

from persistence.alphas.segment import Segment
from pipelines.checkpoint import CheckpointRefused, Snapshot
from pipelines.checkpoint.comparing import require_same
from pipelines.checkpoint.file import read_content, state_of
from pipelines.checkpoint.fingerprint import sha256_of
from pipelines.checkpoint.stack import stack_facts
from pipelines.device import DeviceInfo
from pipelines.matting.backend import MattingModel
from reelfleet.contract.matting_spec import MattingSpec

TAG = "matting"
NOT_IN_ALPHAS = {"output", "output_type", "select", "metadata_mode", "save_masks", "audio", "inputs"}
"""Fields of a spec that say what becomes of the alphas; and the inputs, of which only the content counts."""
_SEGMENTS = TypeAdapter(tuple[Segment, ...])


@dataclass(frozen=True)
class MattingStart:
    """What a matting goes on from."""

    done: int
    """Frames that have their alphas, in the order of the plan."""
    segments: tuple[Segment, ...]
    state: Mapping[str, torch.Tensor] = field(repr=False)
    """Of the run that is under way; empty between two runs."""


BEGINNING = MattingStart(0, (), {})


def matting_fingerprint(spec: MattingSpec, model: MattingModel, weights: Mapping[str, str], device: DeviceInfo) -> dict[str, str]:
    """Return everything that shapes the alphas, by name."""
    asked = spec.model_dump(mode="json", exclude=NOT_IN_ALPHAS)
    return {
        "request": sha256_of({**asked, "inputs": {name: given.sha256 for name, given in spec.inputs.items()}}),
        "weights": sha256_of(dict(weights)),
        **model.fingerprint(),
        **stack_facts(device),
    }


def snapshot_of(start: MattingStart, of: int, fingerprint: Mapping[str, str], folder: Path) -> Snapshot:
    """Return what is stored: ``folder`` holds the segments."""
    segments: list[Any] = _SEGMENTS.dump_python(start.segments, mode="json")
    attachments = tuple(folder / segment.name for segment in start.segments)
    return Snapshot(start.done, of, fingerprint, [TAG, segments], dict(start.state), attachments)


def load_start(path: Path, of: int, fingerprint: Mapping[str, str]) -> MattingStart:
    """Read a checkpoint that may come from anywhere.

    Raises:
        CheckpointRefused: when it is damaged, of another matting, or no checkpoint at all.
    """
    content = read_content(path)
    require_same(content.fingerprint, fingerprint)
    if content.of != of:
        raise CheckpointRefused(f"it is of a matting of {content.of} frames instead of {of}")
    return MattingStart(content.step, _segments(content.state), content.tensors)


def segments_of(path: Path) -> tuple[Segment, ...]:
    """Return the segments that a checkpoint names, without verifying the rest of it.

    Raises:
        CheckpointRefused: when it is no checkpoint of a matting.
    """
    return _segments(state_of(path))


def _segments(state: Sequence[Any]) -> tuple[Segment, ...]:
    match list(state):
        case [tag, list(segments)] if tag == TAG:
            try:
                return _SEGMENTS.validate_python(segments)
            except ValidationError as error:
                raise CheckpointRefused("it tells segments that cannot be") from error
    raise CheckpointRefused("it is no checkpoint of a matting")
