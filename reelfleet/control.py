"""Orders to the fleet: recorded in the ledger first, then told to the workers.

The ledger is what counts: a broadcast is pub/sub and misses workers that are down or just reconnecting; they read the
recorded orders when they start. The ``apply_*`` functions are the recorded part and may run any number of times: the
client runs them before it broadcasts, and the workers' handlers run them again, so that ``celery control reel_pause`` alone works too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from celery.app.control import Control
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from reelfleet.contract.errors import BrokerUnavailable, FleetError, Internal, InvalidRequest, WaitTimeout
from reelfleet.redaction import redacted_text
from reelfleet.submission import publish_ticket

if TYPE_CHECKING:
    from collections.abc import Iterable

    from celery import Celery

    from reelfleet.contract.job import JobStatus
    from reelfleet.contract.names import Command
    from reelfleet.contract.worker import WorkerInfo
    from reelfleet.ledger import Ledger
    from reelfleet.ledger.types import TicketDue

SCOPE = re.compile(r"(?P<kind>queue|worker|job):(?P<name>[^\s:]{1,200})")
ANSWER_TIMEOUT_S = 1.0


@dataclass(frozen=True)
class Scope:
    """What an order is about: ``fleet``, ``queue:<name>``, ``worker:<name>`` or ``job:<id>``."""

    kind: Literal["fleet", "queue", "worker", "job"]
    name: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}" if self.name else self.kind

    @classmethod
    def parse(cls, text: str) -> Scope:
        """Read a scope.

        Raises:
            InvalidRequest: when it has another form.
        """
        if text == "fleet":
            return cls("fleet")
        match = SCOPE.fullmatch(text)
        if match is None:
            problem = f"{text!r} is no scope; write fleet, queue:<name>, worker:<name> or job:<id>"
            raise InvalidRequest.of([{"field": "scope", "problem": problem}])
        return cls(match["kind"], match["name"])  # type: ignore[arg-type]  # the pattern allows these kinds alone

    @classmethod
    def only(cls, *, fleet: bool = False, queue: str | None = None, worker: str | None = None, job_id: str | None = None) -> Scope:
        """Return the one scope that is named.

        Raises:
            InvalidRequest: when none or several are named.
        """
        named = [f"{kind}:{name}" for kind, name in (("queue", queue), ("worker", worker), ("job", job_id)) if name is not None]
        named += ["fleet"] if fleet else []
        if len(named) != 1:
            problem = f"name exactly one of fleet, queue, worker and job, not {' and '.join(named) or 'none'}"
            raise InvalidRequest.of([{"field": "scope", "problem": problem}])
        return cls.parse(named[0])


def apply_pause(
    ledger: Ledger,
    tickets_app: Celery,  # noqa: ARG001 - every order has one signature
    scope: Scope | str,
    *,
    by: str,
    reason: str = "",
    keep_warm: bool = False,
) -> dict[str, Any]:
    """Record a pause and return what was recorded.

    Args:
        ledger: where it is recorded.
        tickets_app: not used.
        scope: what is paused.
        by: who pauses it.
        reason: why.
        keep_warm: leave the models in memory; a paused job concerns no model, so it plays no part there.

    Raises:
        InvalidRequest: when the scope has no known form.
        JobNotFound: when the scope names a job that does not exist.
    """
    scope = _scope(scope)
    if scope.kind == "job":
        ledger.jobs.pause(scope.name, reason)
        return {"scope": str(scope), "state": ledger.jobs.status(scope.name).state.value}
    known = ledger.pauses.all().get(str(scope))
    if known is None or known.keep_warm != keep_warm:
        # Else who paused first, and why, stays on record when the workers write the same order again.
        ledger.pauses.pause(str(scope), by, reason, keep_warm=keep_warm)
    return {"scope": str(scope), "paused": True, "keep_warm": keep_warm}


def apply_resume(ledger: Ledger, tickets_app: Celery, scope: Scope | str) -> dict[str, Any]:
    """Record the end of a pause, publish the ticket that a paused job waits for, and return what was recorded.

    Raises:
        InvalidRequest, JobNotFound: as :func:`apply_pause` does.
    """
    scope = _scope(scope)
    if scope.kind == "job":
        _issue(ledger, tickets_app, ledger.jobs.resume(scope.name))
        return {"scope": str(scope), "state": ledger.jobs.status(scope.name).state.value}
    ledger.pauses.resume(str(scope))
    return {"scope": str(scope), "paused": False}


def apply_abort(
    ledger: Ledger,
    tickets_app: Celery,  # noqa: ARG001 - every order has one signature
    *,
    job_id: str | None = None,
    queue: str | None = None,
    fleet: bool = False,
    reason: str = "",
) -> dict[str, Any]:
    """Record that jobs shall stop; those that nobody holds end at once, the others within a step.

    Returns:
        ``{"scope", "jobs": {job_id: state}}`` with the state right after the order.

    Raises:
        InvalidRequest: unless exactly one of job, queue and fleet is named.
        JobNotFound: when the job does not exist.
    """
    scope = Scope.only(fleet=fleet, queue=queue, job_id=job_id)
    if scope.kind == "job":
        return {"scope": str(scope), "jobs": {scope.name: ledger.jobs.abort(scope.name, reason).value}}
    chosen = ledger.jobs.open_ids(queue=queue)
    return {"scope": str(scope), "jobs": {chosen_id: ledger.jobs.abort(chosen_id, reason).value for chosen_id in chosen}}


def apply_drain(ledger: Ledger, tickets_app: Celery, *, worker: str, reason: str = "") -> dict[str, Any]:  # noqa: ARG001 - every order has one signature
    """Record that a worker shall give back or finish what it does, take nothing new and exit."""
    ledger.workers.request_drain(worker, reason)
    return {"scope": f"worker:{worker}", "draining": True}


def apply_priority(ledger: Ledger, tickets_app: Celery, job_id: str, priority: int) -> None:
    """Record a job's priority; if it waits, publish a ticket at the new one (the old ticket is dropped when it is drawn)."""
    _issue(ledger, tickets_app, ledger.jobs.set_priority(job_id, priority))


def worker_text(info: WorkerInfo, jobs: Iterable[JobStatus], paused: Iterable[str]) -> str:
    """Return what a worker does, for a reader: plain ``celery inspect`` shows an answer's ``ok`` and nothing else of it."""
    device = info.device.get("name") or info.device.get("kind")
    lines = [f"{info.role.value} worker, {info.state.value}" + (f", on {device}" if device else "")]
    lines += [f"trouble: {info.trouble}"] if info.trouble else []
    lines += [f"warm: {', '.join(info.warm_models)}"] if info.warm_models else []
    lines += [f"job {job.job_id}: {job.progress or job.stage.value}, attempt {job.attempt}" for job in jobs]
    lines += [f"paused: {scope}" for scope in paused]
    return "\n".join(lines)


def broadcast(
    tickets_app: Celery, command: Command, arguments: dict[str, Any], *, workers: Iterable[str], timeout: float = ANSWER_TIMEOUT_S
) -> dict[str, dict[str, Any]]:
    """Tell workers an order and collect their answers.

    Args:
        tickets_app: the app whose broker is used; the connection is fresh, so that a cut of an older one is not noticed here.
        command: the order's name.
        arguments: the order's arguments.
        workers: who is asked; with the number known the call ends with the last answer and not with the timeout.
        timeout: seconds to wait for answers.

    Returns:
        ``{worker: {"ok": True, …} | {"error": {"code", "message", …}}}``, one entry for every worker asked.
    """
    expected = sorted(set(workers))
    if not expected:
        return {}
    try:
        replies = _ask(tickets_app, command, arguments, expected, timeout)
    except (OperationalError, RedisError, OSError) as error:
        failure = BrokerUnavailable(f"the order could not be told: {redacted_text(str(error))}; workers read it from the ledger")
        return {worker: _failed(failure) for worker in expected}
    silent = WaitTimeout(f"no answer within {timeout:g} s; the order is in the ledger and is followed when the worker reads it")
    return {worker: _answer(replies[worker]) if worker in replies else _failed(silent) for worker in expected}


def _scope(scope: Scope | str) -> Scope:
    return scope if isinstance(scope, Scope) else Scope.parse(scope)


def _issue(ledger: Ledger, tickets_app: Celery, due: TicketDue | None) -> None:
    if due is not None and publish_ticket(tickets_app, due.job_id, due.stage, queue=due.queue, priority=due.priority):
        ledger.jobs.ticketed(due.job_id)


def _ask(tickets_app: Celery, command: Command, arguments: dict[str, Any], workers: list[str], timeout: float) -> dict[str, Any]:
    control = Control(tickets_app)
    # The mailbox would publish through the app's pool, whose connections may have been cut since they were last used.
    control.mailbox.producer_pool = None
    with tickets_app.connection_for_write() as connection:
        # Without this the mailbox connects on its own and sits through several seconds of retries.
        connection.ensure_connection(max_retries=1, interval_start=0, interval_step=0)
        replies = control.broadcast(
            command.value, arguments=arguments, destination=workers, reply=True, timeout=timeout, limit=len(workers), connection=connection
        )
    return {worker: answer for reply in replies or [] for worker, answer in reply.items()}


def _answer(reply: Any) -> dict[str, Any]:
    if not isinstance(reply, dict):
        return {"ok": True, "answer": reply}
    if isinstance(reply.get("error"), str):
        # Celery's own form, for a command that raised or that the worker does not know.
        return _failed(Internal(reply["error"]))
    return reply


def _failed(error: FleetError) -> dict[str, Any]:
    return {"error": error.to_wire().model_dump(mode="json")}
