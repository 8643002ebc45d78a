"""From the fields of a job's hash to what they mean."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, cast

from pydantic import TypeAdapter, ValidationError

from reelfleet.contract.any_spec import parse_spec
from reelfleet.contract.errors import ContractMismatch, WireError
from reelfleet.contract.job import CheckpointMark, JobState, JobStatus, Progress, Want
from reelfleet.contract.kinds import kind_of
from reelfleet.contract.manifest import Artifact
from reelfleet.contract.names import Stage
from reelfleet.contract.request import read_request
from reelfleet.ledger.types import CheckpointRef, Diagnosis, JobRow

_ARTIFACTS = TypeAdapter(tuple[Artifact, ...])
_TIMING = "timing."

STATUS_FIELDS = (
    "job_id", "kind", "model", "state", "stage", "queue", "progress", "attempt", "worker", "priority", "tenant",
    "created", "started", "finished", "manifest_uri", "artifacts", "error", "notes", "checkpoint", "preemptions", "pause_reason", "follow_up",
)  # fmt: skip
"""The fields that :func:`parse_status` needs: not the request nor the spec, which can be large."""


def text_fields(pairs: Iterable[tuple[bytes, bytes | None]]) -> dict[str, str]:
    """Return a hash's fields as text, without those that are empty."""
    return {name.decode(): value.decode() for name, value in pairs if value}


def instant(milliseconds: str | int | None) -> datetime | None:
    """Return a point in time; 0 and nothing mean none."""
    value = int(milliseconds or 0)
    return datetime.fromtimestamp(value / 1000, UTC) if value else None


def required_instant(milliseconds: str | int) -> datetime:
    """Return a point in time that must be there.

    Raises:
        ValueError: when it is 0 or nothing.
    """
    found = instant(milliseconds)
    if found is None:
        raise ValueError("a point in time is missing")
    return found


def parse_row(fields: dict[str, str]) -> JobRow:
    """Return a row from the fields of a job's hash.

    Raises:
        ContractMismatch: when another version of reelfleet wrote something that this one cannot read.
    """
    try:
        return _parse_row(fields)
    except (ValidationError, ValueError, KeyError, TypeError) as error:
        raise _mismatch(fields, error) from error


def parse_status(fields: dict[str, str]) -> JobStatus:
    """Return a status from the ``STATUS_FIELDS`` of a job's hash.

    Raises:
        ContractMismatch: when another version of reelfleet wrote something that this one cannot read.
    """
    try:
        checkpoint = _checkpoint(fields)
        return JobStatus(
            job_id=fields["job_id"],
            kind=cast("Any", kind_of(fields)),  # what is no kind is refused as it is read
            model=fields["model"],
            state=JobState(fields["state"]),
            stage=Stage(fields["stage"]),
            queue=fields.get("queue", ""),
            attempt=int(fields["attempt"]),
            worker=fields.get("worker"),
            priority=int(fields["priority"]),
            tenant=fields["tenant"],
            created=required_instant(fields["created"]),
            started=instant(fields.get("started")),
            finished=instant(fields.get("finished")),
            manifest_uri=fields.get("manifest_uri"),
            progress=_progress(fields),
            artifacts=_artifacts(fields),
            error=_error(fields.get("error")),
            notes=_notes(fields),
            checkpoint=None if checkpoint is None else CheckpointMark(step=checkpoint.step, of=checkpoint.of),
            preemptions=int(fields.get("preemptions", 0)),
            follow_up=fields.get("follow_up"),
            pause_reason=fields.get("pause_reason") or None,
        )
    except (ValidationError, ValueError, KeyError, TypeError) as error:
        raise _mismatch(fields, error) from error


def _parse_row(fields: dict[str, str]) -> JobRow:
    spec = fields.get("spec")
    return JobRow(
        job_id=fields["job_id"],
        request=read_request(fields["request"]),
        request_sha256=fields["request_sha256"],
        spec=parse_spec(spec) if spec else None,
        state=JobState(fields["state"]),
        want=Want(fields["want"]),
        stage=Stage(fields["stage"]),
        queue=fields["queue"],
        priority=int(fields["priority"]),
        tenant=fields["tenant"],
        attempt=int(fields["attempt"]),
        max_attempts=int(fields["max_attempts"]),
        fence=int(fields["fence"]),
        holder=fields.get("holder"),
        worker=fields.get("worker"),
        host=fields.get("host"),
        spool=fields.get("spool"),
        lease_until=instant(fields.get("lease_until")),
        phase_until=instant(fields.get("phase_until")),
        created=required_instant(fields["created"]),
        started=instant(fields.get("started")),
        finished=instant(fields.get("finished")),
        deadline=instant(fields.get("deadline")),
        progress=_progress(fields),
        error=_error(fields.get("error")),
        last_error=_error(fields.get("last_error")),
        notes=_notes(fields),
        idempotency_key=fields.get("idempotency_key"),
        timings={name.removeprefix(_TIMING): float(value) for name, value in fields.items() if name.startswith(_TIMING)},
        report=fields.get("report"),
        checkpoint=_checkpoint(fields),
        preemptible=fields.get("preemptible") == "1",
        preemptions=int(fields.get("preemptions", 0)),
        needs_memory=int(fields.get("needs_memory", 0)) or None,
        follow_up=fields.get("follow_up"),
        pause_reason=fields.get("pause_reason") or None,
        diagnosis=Diagnosis(**json.loads(fields["diagnosis"])) if "diagnosis" in fields else None,
        manifest_uri=fields.get("manifest_uri"),
        artifacts=_artifacts(fields),
    )


def _progress(fields: dict[str, str]) -> Progress | None:
    text = fields.get("progress")
    return Progress.model_validate_json(text) if text else None


def _checkpoint(fields: dict[str, str]) -> CheckpointRef | None:
    text = fields.get("checkpoint")
    return CheckpointRef(**json.loads(text)) if text else None


def _error(text: str | None) -> WireError | None:
    return WireError.model_validate_json(text) if text else None


def _artifacts(fields: dict[str, str]) -> tuple[Artifact, ...]:
    text = fields.get("artifacts")
    return _ARTIFACTS.validate_json(text) if text else ()


def _notes(fields: dict[str, str]) -> tuple[str, ...]:
    return tuple(json.loads(fields.get("notes", "[]")))


def _mismatch(fields: dict[str, str], error: Exception) -> ContractMismatch:
    return ContractMismatch(
        f"the row of job {fields.get('job_id', '?')} was written by another version of reelfleet: {error}; upgrade the older side"
    )
