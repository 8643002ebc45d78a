"""A job for people: what it is, where it stands, what became of it, one fact a line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reelfleet.cli.describing import FRAMES, describe_duration, describe_progress, describe_time, describe_track
from reelfleet.cli.output import printable, write_line
from reelfleet.contract.errors import ErrorCode
from reelfleet.contract.job import JobState
from reelfleet.contract.names import unit_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from reelfleet.contract.job import JobStatus

Fact = tuple[str, object]
STDERR_SHOWN = 20
"""Lines of a dead process's last words; ``--json`` has all that were kept."""
GIB = 2**30


def write_facts(facts: Iterable[Fact]) -> None:
    """Write facts to stdout; those that are empty are left out."""
    for name, value in facts:
        if value not in {None, ""}:
            write_line(f"{name:<11} {printable(value)}")


def facts_of(status: JobStatus, held_up: Iterable[str] = ()) -> Iterator[Fact]:
    """Yield everything about a job; ``held_up`` are the pauses that keep it from being taken."""
    yield from (
        ("job", status.job_id),
        ("state", status.state.value),
        ("paused" if status.state is JobState.PAUSED else "to pause", status.pause_reason if not status.state.terminal else ""),
        *(("held up", pause) for pause in held_up),
        ("stage", status.stage.value),
        ("progress", describe_progress(status.progress) if status.progress and not status.state.terminal else ""),
        ("checkpoint", describe_checkpoint(status)),
        ("kind", status.kind),
        ("model", status.model),
        ("attempt", status.attempt),
        ("worker", status.worker),
        ("priority", status.priority),
        ("gave way", f"{status.preemptions} time{'s' if status.preemptions != 1 else ''}" if status.preemptions else ""),
        ("tenant", status.tenant),
        ("created", describe_time(status.created)),
        ("started", describe_time(status.started)),
        ("finished", describe_time(status.finished)),
        ("took", describe_duration(status)),
        ("manifest", status.manifest_uri),
        ("follow-up", f"job {status.follow_up} mattes the result" if status.follow_up else ""),
    )
    if status.error is not None:
        yield "error", f"{status.error.code.value}: {status.error.message}"
        if status.error.code is ErrorCode.QUARANTINED:
            yield from diagnosis_of(status.error.details)
    for artifact in status.artifacts:
        yield "artifact", f"{artifact.name} ({artifact.role.value}, {artifact.bytes} bytes)"
        for track in artifact.audio_tracks:
            yield "  sound", describe_track(track)
    for note in status.notes:
        yield "note", note


def describe_checkpoint(status: JobStatus) -> str:
    """Return from where a job goes on, or would be retried."""
    mark = status.checkpoint
    if mark is None:
        return ""
    decoding = ", only the decoding is left" if mark.step == mark.of and status.kind == "generate" else ""
    where = f"after {unit_of(status.kind)} {mark.step}/{mark.of}{decoding}"
    return f"reel retry resumes {where}" if status.state.terminal else f"resumes {where}"


def diagnosis_of(details: Mapping[str, Any]) -> Iterator[Fact]:
    """Yield what is known of the end of a quarantined job's last attempt."""
    phase, step = details.get("phase"), details.get("step")
    unit = "frame" if phase in FRAMES else "step"
    where = [details.get("stage"), f"{phase} {unit} {step}" if phase and step else phase]
    yield "died at", ", ".join(str(part) for part in where if part)
    yield "exit", details.get("exit_signal")
    last = details.get("last_error")
    yield "last error", f"{last.get('code')}: {last.get('message')}" if isinstance(last, dict) else last
    device = details.get("device")
    yield "device", _described_device(device) if isinstance(device, dict) else device
    lines = str(details.get("stderr_tail") or "").strip().splitlines()
    if len(lines) > STDERR_SHOWN:
        yield "stderr", f"(the last {STDERR_SHOWN} of {len(lines)} lines)"
    for line in lines[-STDERR_SHOWN:]:
        yield "stderr", line


def _described_device(device: Mapping[str, Any]) -> str:
    parts = [str(device["name"])] if device.get("name") else []
    for name, value in device.items():
        if name == "name" or value in (None, ""):
            continue
        in_bytes = name.endswith("_bytes") and isinstance(value, int | float)
        parts.append(f"{name.removesuffix('_bytes')} {value / GIB:.1f} GiB" if in_bytes else f"{name} {value}")
    return ", ".join(parts)
