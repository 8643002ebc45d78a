"""What a client can order: recorded first, broadcast second."""

from __future__ import annotations

import getpass
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reelfleet.client.overview import takes
from reelfleet.contract.errors import InvalidRequest
from reelfleet.contract.names import Command
from reelfleet.control import ANSWER_TIMEOUT_S, Scope, apply_abort, apply_drain, apply_pause, apply_priority, apply_resume, broadcast

if TYPE_CHECKING:
    from reelfleet.client.connections import Connections

LOWEST_PRIORITY = 9


@dataclass(frozen=True)
class OrderOutcome:
    """What became of an order."""

    recorded: dict[str, Any]
    """What the ledger holds now."""
    workers: dict[str, dict[str, Any]]
    """Each worker's answer, ``{"ok": True, …}`` or ``{"error": {…}}``; the order stands whatever they say."""


class Orders:
    """Gives orders over a fleet's connections."""

    def __init__(self, connections: Connections, *, answer_timeout_s: float = ANSWER_TIMEOUT_S) -> None:
        self._connections = connections
        self._answer_timeout_s = answer_timeout_s

    def pause(
        self,
        *,
        job_id: str | None = None,
        queue: str | None = None,
        worker: str | None = None,
        fleet: bool = False,
        reason: str = "",
        keep_warm: bool = False,
    ) -> OrderOutcome:
        """Pause one scope; ``keep_warm`` leaves the models of a queue, a worker or the fleet in memory."""
        scope = Scope.only(fleet=fleet, queue=queue, worker=worker, job_id=job_id)
        if keep_warm and scope.kind == "job":
            raise InvalidRequest.of([{"field": "keep_warm", "problem": "a paused job unloads no models; keep_warm is for other scopes"}])
        ledger, tickets_app = self._connections.ledger, self._connections.tickets_app
        recorded = apply_pause(ledger, tickets_app, scope, by=_me(), reason=reason, keep_warm=keep_warm)
        arguments = {"scope": str(scope), "reason": reason, **({"keep_warm": True} if keep_warm else {})}
        return self._tell(Command.PAUSE, arguments, scope, recorded)

    def resume(
        self, *, job_id: str | None = None, queue: str | None = None, worker: str | None = None, fleet: bool = False
    ) -> OrderOutcome:
        """End the pause of one scope."""
        scope = Scope.only(fleet=fleet, queue=queue, worker=worker, job_id=job_id)
        recorded = apply_resume(self._connections.ledger, self._connections.tickets_app, scope)
        return self._tell(Command.RESUME, {"scope": str(scope)}, scope, recorded)

    def abort(self, *, job_id: str | None = None, queue: str | None = None, fleet: bool = False, reason: str = "") -> OrderOutcome:
        """Abort a job, the jobs of a queue, or every job."""
        scope = Scope.only(fleet=fleet, queue=queue, job_id=job_id)
        chosen = {"job_id": job_id} if job_id else {"queue": queue} if queue else {"fleet": True}
        recorded = apply_abort(
            self._connections.ledger, self._connections.tickets_app, job_id=job_id, queue=queue, fleet=fleet, reason=reason
        )
        return self._tell(Command.ABORT, {**chosen, "reason": reason}, scope, recorded)

    def drain(self, worker: str, reason: str = "") -> OrderOutcome:
        """Let a worker leave; the reason is in the ledger, so its own order need not repeat it."""
        recorded = apply_drain(self._connections.ledger, self._connections.tickets_app, worker=worker, reason=reason)
        return self._tell(Command.DRAIN, {"worker": worker}, Scope("worker", worker), recorded)

    def set_priority(self, job_id: str, priority: int) -> None:
        """Change a job's priority."""
        if not 0 <= priority <= LOWEST_PRIORITY:
            raise InvalidRequest.of([{"field": "priority", "problem": f"{priority}: from 0, the highest, to {LOWEST_PRIORITY}"}])
        apply_priority(self._connections.ledger, self._connections.tickets_app, job_id, priority)

    def _tell(self, command: Command, arguments: dict[str, Any], scope: Scope, recorded: dict[str, Any]) -> OrderOutcome:
        answers = broadcast(
            self._connections.tickets_app, command, arguments, workers=self._concerned(scope), timeout=self._answer_timeout_s
        )
        return OrderOutcome(recorded, answers)

    def _concerned(self, scope: Scope) -> list[str]:
        """Return the living workers that an order is about; for a job that nobody holds there are none."""
        alive = self._connections.ledger.workers.all()
        if scope.kind == "worker":
            return [worker.name for worker in alive if worker.name == scope.name]
        if scope.kind == "job":
            return [worker.name for worker in alive if worker.job_id == scope.name]
        if scope.kind == "queue":
            return [worker.name for worker in alive if takes(worker, scope.name)]
        return [worker.name for worker in alive]


def _me() -> str:
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        # A container may run under a user id that has no name.
        user = "unknown"
    return f"{user}@{socket.gethostname()}"
