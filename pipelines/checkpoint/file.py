"""Checkpoint files: safetensors, with everything that is no tensor as JSON in the metadata, and a hash over all of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from pydantic import JsonValue

from pipelines.checkpoint.errors import CheckpointRefused
from pipelines.checkpoint.packing import Packed

FORMAT = "reelfleet-checkpoint-1"
MAX_FILE_BYTES = 8 * 1024**3
MAX_HEADER_BYTES = 16 * 1024**2
MAX_TENSORS = 10_000
MAX_STEPS = 100_000_000
LENGTH_BYTES = 8
"""Before the header of a safetensors file: its length, little-endian."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a file holds."""

    step: int
    of: int
    fingerprint: dict[str, str]
    state: Packed
    tensors: dict[str, torch.Tensor]


def write_content(path: Path, content: Content) -> int:
    """Write a file beside its place and put it there when it is complete; return its bytes."""
    document = json.dumps(
        {"step": content.step, "of": content.of, "fingerprint": content.fingerprint, "state": content.state}, separators=(",", ":")
    )
    metadata = {"format": FORMAT, "document": document, "sha256": _sha256(document, content.tensors)}
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    try:
        try:
            safetensors.torch.save_file(content.tensors, part, metadata=metadata)
        except safetensors.SafetensorError as error:
            # It has no class for the file system's errors.
            raise OSError(f"{part}: {error}") from error
        size = part.stat().st_size
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return size


def read_content(path: Path) -> Content:
    """Read and verify a whole file.

    Raises:
        CheckpointRefused: saying what is wrong with it.
    """
    metadata = _metadata(path)
    if metadata.get("format") != FORMAT:
        raise CheckpointRefused(f"its format is {str(metadata.get('format'))[:40]!r} and not {FORMAT!r}")
    # The bytes are read once, so that what is verified is what is used even if the file changes meanwhile.
    try:
        tensors = safetensors.torch.load(path.read_bytes())
    except OSError as error:
        raise CheckpointRefused(f"it cannot be read: {error.strerror}") from error
    except safetensors.SafetensorError as error:
        raise CheckpointRefused(f"it is damaged: {error}") from error
    except (KeyError, ValueError, TypeError) as error:
        raise CheckpointRefused(f"it holds tensors of a kind that is not known: {error}") from error
    if len(tensors) > MAX_TENSORS:
        raise CheckpointRefused(f"it holds {len(tensors)} tensors")
    document = metadata.get("document", "")
    if not isinstance(document, str) or _sha256(document, tensors) != metadata.get("sha256"):
        raise CheckpointRefused("it is damaged: its hash is another")
    facts = _document(document)
    step, of = facts["step"], facts["of"]
    return Content(step, of, facts["fingerprint"], facts["state"], tensors)


def step_of(path: Path) -> tuple[int, int] | None:
    """Return the step and the number of steps that a file tells, without verifying the rest; none if it is no checkpoint."""
    try:
        facts = _document(_metadata(path).get("document"))
    except CheckpointRefused:
        return None
    return facts["step"], facts["of"]


def state_of(path: Path) -> Packed:
    """Return the packed state that a file tells, without verifying the rest.

    Raises:
        CheckpointRefused: when it is no checkpoint.
    """
    state: Packed = _document(_metadata(path).get("document"))["state"]
    return state


def _metadata(path: Path) -> dict[str, Any]:
    """Return the metadata of a safetensors file from its header alone."""
    try:
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            raise CheckpointRefused(f"it has {size} bytes; more than {MAX_FILE_BYTES} cannot be meant")
        with path.open("rb") as handle:
            length = int.from_bytes(handle.read(LENGTH_BYTES), "little")
            if not 0 < length <= min(MAX_HEADER_BYTES, size):
                raise CheckpointRefused("it is no safetensors file, or its end is missing")
            header = _json(handle.read(length))
    except OSError as error:
        raise CheckpointRefused(f"it cannot be read: {error.strerror}") from error
    metadata = header.get("__metadata__") if isinstance(header, dict) else None
    if not isinstance(metadata, dict):
        raise CheckpointRefused("it is no checkpoint: it has no metadata")
    return metadata


def _document(text: Any) -> dict[str, Any]:
    facts = _json(text) if isinstance(text, str) else None
    if not isinstance(facts, dict):
        raise CheckpointRefused("it is no checkpoint: it has no description")
    match facts:
        case {"step": int(step), "of": int(of), "fingerprint": dict(fingerprint), "state": list()} if (
            bool not in {type(step), type(of)}
            and 1 <= step <= of <= MAX_STEPS
            and all(isinstance(value, str) for value in fingerprint.values())
        ):
            return facts
    raise CheckpointRefused("it is no checkpoint: its description is incomplete")


def _json(text: str | bytes) -> JsonValue:
    try:
        value: JsonValue = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CheckpointRefused("it is damaged: its description is no JSON") from error
    return value


def _sha256(document: str, tensors: Mapping[str, torch.Tensor]) -> str:
    """Hash everything that a file says: names, dtypes and shapes as well as bytes."""
    digest = hashlib.sha256(document.encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"\n{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        raw: Any = tensor.reshape(-1).view(torch.uint8).numpy()
        digest.update(raw)
    return digest.hexdigest()
