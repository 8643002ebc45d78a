"""What every part of `Jobs` starts from."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from reelfleet.contract.names import Stage
from reelfleet.ledger.connection import Connection
from reelfleet.ledger.types import CheckpointRef, Lease, TicketDue


class JobsPart:
    """Holds the connection and runs scripts on behalf of a lease."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def _run_held(self, script: str, lease: Lease, *, data: bytes = b"", **named: Any) -> list[Any]:
        """Run a script that only the current holder of the job may run."""
        return self._connection.run(script, data=data, job_id=lease.job_id, fence=lease.fence, worker=lease.worker, **named)


def checkpoint_json(ref: CheckpointRef) -> str:
    """Return a checkpoint as its field of the row."""
    return json.dumps(asdict(ref))


def ticket_due(fields: list[bytes]) -> TicketDue:
    """Return what a script says about a job that needs a ticket."""
    job_id, stage, queue, priority = (field.decode() for field in fields)
    return TicketDue(job_id, Stage(stage), queue, int(priority))


def maybe_ticket_due(answer: list[Any]) -> TicketDue | None:
    """Return the ticket that an order made due, if it did."""
    return ticket_due(answer[1]) if answer[0] == "due" else None
