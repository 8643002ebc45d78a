"""Broadcast commands for ``celery -A tasks.app control|inspect NAME``; client and CLI send the same ones.

Each writes the ledger first, also when it comes from plain ``celery control``, and then acts on this worker at once.
Answers are ``{"ok": True, …}`` or ``{"error": {code, message, retryable, details}}``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from celery.utils.serialization import strtobool
from celery.worker.control import control_command, inspect_command

from reelfleet.contract.errors import FleetError, Internal
from reelfleet.contract.matte_request import SOURCE_FIELD
from reelfleet.contract.matting_spec import MattingSpec
from reelfleet.contract.names import Command
from reelfleet.control import apply_abort, apply_drain, apply_pause, apply_resume, worker_text
from tasks.worker.consumption import obey
from tasks.worker.parent import WorkerParent, current_parent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from reelfleet.ledger.types import JobRow

Answer = dict[str, Any]


@inspect_command(name=Command.STATUS.value)
def reel_status(_state: Any) -> Answer:
    """Tell what this worker does: device, warm models, job, step, rate, ETA, audio tracks, pauses."""
    return _answer(_status)


@control_command(
    name=Command.PAUSE.value,
    args=[("scope", str), ("reason", str), ("keep_warm", strtobool)],
    signature="[fleet|queue:Q|worker:W|job:ID] [reason] [keep_warm]",
)
def reel_pause(_state: Any, scope: str = "fleet", reason: str = "", *, keep_warm: bool = False) -> Answer:
    """Stop consuming in a scope; running jobs checkpoint at their next step and free the device, models are unloaded unless kept warm."""
    return _answer(
        lambda parent: apply_pause(parent.ledger, parent.app, scope, by=parent.identity.name, reason=reason, keep_warm=keep_warm)
    )


@control_command(name=Command.RESUME.value, args=[("scope", str)], signature="[fleet|queue:Q|worker:W|job:ID]")
def reel_resume(_state: Any, scope: str = "fleet") -> Answer:
    """End a pause."""
    return _answer(lambda parent: apply_resume(parent.ledger, parent.app, scope))


@control_command(name=Command.ABORT.value, args=[("job_id", str), ("reason", str)], signature="<job> [reason]")
def reel_abort(_state: Any, job_id: str | None = None, reason: str = "", queue: str | None = None, *, fleet: bool = False) -> Answer:
    """Abort a job; a client can name a queue or the fleet instead."""
    return _answer(lambda parent: apply_abort(parent.ledger, parent.app, job_id=job_id, queue=queue, fleet=fleet, reason=reason))


@control_command(name=Command.DRAIN.value, args=[("worker", str)], signature="[worker]")
def reel_drain(_state: Any, worker: str | None = None) -> Answer:
    """Checkpoint or finish what runs, take nothing new, exit; without a name every worker that hears it drains."""
    return _answer(lambda parent: _drain(parent, worker))


def _answer(act: Callable[[WorkerParent], dict[str, Any]]) -> Answer:
    parent = current_parent()
    try:
        if parent is None:
            raise Internal("this worker was not started with `python -m tasks.worker`, so it obeys no reelfleet command")
        facts = act(parent)
        obey(parent)
    except FleetError as error:
        return {"error": error.to_wire().model_dump(mode="json")}
    return {"ok": True, **facts}


def _drain(parent: WorkerParent, worker: str | None) -> dict[str, Any]:
    name = parent.identity.name
    if worker not in {None, name}:
        return {"scope": f"worker:{worker}", "draining": False}
    return apply_drain(parent.ledger, parent.app, worker=name)


def _status(parent: WorkerParent) -> dict[str, Any]:
    info, pauses = parent.info(), _pauses(parent)
    rows = [parent.ledger.jobs.row(job_id) for job_id in parent.active_requests()]
    running = [row.status() for row in rows]
    jobs = [job.model_dump(mode="json") for job in running]
    facts = {"worker": info.model_dump(mode="json"), "jobs": jobs, "pauses": pauses, "audio_tracks": audio_tracks_of(rows)}
    return {"ok": worker_text(info, running, pauses), **facts}


def _pauses(parent: WorkerParent) -> dict[str, Any]:
    return {
        scope: {"by": pause.by, "reason": pause.reason, "at": pause.at.isoformat()} for scope, pause in parent.ledger.pauses.all().items()
    }


def audio_tracks_of(rows: Iterable[JobRow]) -> list[dict[str, Any]]:
    """Return the tracks of sound of the sources that jobs matte, each with its job and where it comes from."""
    return [
        {"job_id": row.job_id, "uri": row.spec.inputs[SOURCE_FIELD].uri, **track.model_dump(mode="json")}
        for row in rows
        if isinstance(row.spec, MattingSpec)
        for track in row.spec.source.audio_tracks
    ]
