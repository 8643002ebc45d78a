"""Pauses of the fleet, a queue or a worker; a job's pause is an order to the job."""

from __future__ import annotations

import json

from reelfleet.contract.errors import InvalidRequest
from reelfleet.ledger.connection import Connection
from reelfleet.ledger.row import required_instant
from reelfleet.ledger.types import Pause

FLEET = "fleet"


def queue_scope(queue: str) -> str:
    """Return the scope of a queue."""
    return f"queue:{queue}"


def worker_scope(worker: str) -> str:
    """Return the scope of a worker."""
    return f"worker:{worker}"


class Pauses:
    """Pauses that hold until they are taken back. Scopes are ``fleet``, ``queue:<queue>`` and ``worker:<worker>``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def pause(self, scope: str, by: str, reason: str = "", *, keep_warm: bool = False) -> None:
        """Pause a scope; a second pause replaces what the first one said.

        Args:
            scope: what is paused. Its holders give their jobs back at the next step, and its claims are refused.
            by: who pauses it.
            reason: why.
            keep_warm: leave the models in memory.

        Raises:
            InvalidRequest: when the scope is none.
        """
        self._connection.run("pause_scope", scope=_check(scope), by=by, reason=reason, keep_warm=keep_warm)

    def resume(self, scope: str) -> bool:
        """Take a scope's pause back; false when it was not paused. Jobs whose tickets were spent meanwhile are overdue at once.

        Raises:
            InvalidRequest: when the scope is none.
        """
        return self._connection.ask("resume_scope", scope=_check(scope))

    def all(self) -> dict[str, Pause]:
        """Return every pause by its scope."""
        found: dict[bytes, bytes] = self._connection.command("HGETALL", self._connection.keys.pauses)
        return {scope.decode(): _pause(text) for scope, text in found.items()}


def _pause(text: bytes) -> Pause:
    data = json.loads(text)
    return Pause(by=data["by"], reason=data["reason"], at=required_instant(data["at"]), keep_warm=data.get("keep_warm", False))


def _check(scope: str) -> str:
    kind, _, name = scope.partition(":")
    if scope == FLEET or (kind in {"queue", "worker"} and name):
        return scope
    raise InvalidRequest.of([{"field": "scope", "problem": f"{scope!r} is not fleet, queue:<queue> or worker:<worker>"}])
