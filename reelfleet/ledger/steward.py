"""What the steward does, once a second, one at a time."""

from __future__ import annotations

from typing import Any

from reelfleet.contract.job import JobState
from reelfleet.contract.names import Stage
from reelfleet.ledger.connection import Connection
from reelfleet.ledger.jobs.part import maybe_ticket_due, ticket_due
from reelfleet.ledger.locks import Locks
from reelfleet.ledger.types import Expired, TicketDue, Waiting
from reelfleet.tickets import ticket_id, ticket_lists

_LOCK = "steward"
_BATCH = 100
_PAGE = 500


class Steward:
    """Sweeps. Each does at most ``limit`` jobs, so that Redis answers others in between; call again while it returns as many."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._locks = Locks(connection)

    def take_turn(self, worker: str, ttl_ms: int) -> bool:
        """Return whether it is this worker's turn; the turn lasts ``ttl_ms`` and is extended by taking it again."""
        return self._locks.take(_LOCK, worker, ttl_ms)

    def end_turn(self, worker: str) -> None:
        """Let the next worker have its turn at once."""
        self._locks.release(_LOCK, worker)

    def on_duty(self) -> str | None:
        """Return the worker whose turn it is, if any worker has taken one lately."""
        return self._locks.holder(_LOCK)

    def server_uptime_s(self) -> int:
        """Return for how long Redis has been up. Leases that ran out while it was down are no worker's fault: wait before :meth:`expire`."""
        return self._connection.uptime_s()

    def expire(self, limit: int = _BATCH) -> list[Expired]:
        """Take jobs from holders whose lease ran out; their fence is void from now on."""
        _, lost = self._connection.run("expire", limit=limit)
        return [_expired([field.decode() for field in fields]) for fields in lost]

    def due_delayed(self, limit: int = _BATCH) -> list[TicketDue]:
        """Return jobs whose delay is over; they wait for their ticket from now on."""
        return self._due("due_delayed", limit=limit)

    def overdue(self, queue: str, older_than_ms: int, limit: int = _BATCH) -> list[TicketDue]:
        """Return jobs that wait on a queue and whose last ticket is older than this, the oldest first; none while the queue is paused.

        Say :meth:`Jobs.ticketed <reelfleet.ledger.jobs.orders.Orders.ticketed>` for each one whose ticket was issued.
        """
        return self._due("overdue", queue=queue, older_than_ms=older_than_ms, limit=limit)

    def queues(self) -> list[str]:
        """Return the queues on which jobs wait."""
        return list(self.waiting_counts())

    def waiting_counts(self) -> dict[str, int]:
        """Return how many jobs wait on each queue; queues without any are left out."""
        _, counts = self._connection.run("waiting_counts")
        return {queue.decode(): int(count) for queue, count in sorted(counts)}

    def time_out_overdue(self, limit: int = _BATCH) -> list[str]:
        """End the jobs whose deadline passed while nobody held them, and return their ids."""
        _, ended = self._connection.run("time_out_overdue", limit=limit)
        return [job_id.decode() for job_id in ended]

    def reroute(self, job_id: str, stage: Stage, queue: str) -> TicketDue | None:
        """Send a job whose host is gone back to an earlier stage; the next claim counts an attempt.

        Returns:
            The ticket that is due; ``None`` when the job is held, paused or has ended.

        Raises:
            JobNotFound: when there is no such job.
        """
        return maybe_ticket_due(self._connection.run("reroute", job_id=job_id, stage=stage, queue=queue))

    def most_urgent(self) -> list[Waiting]:
        """Return the job of the best priority, and of those the oldest, that waits on each queue; none of paused queues."""
        _, found = self._connection.run("most_urgent")
        rows = ([field.decode() for field in fields] for fields in found)
        return [Waiting(job_id, queue, int(priority), int(waited_ms) / 1000) for job_id, queue, priority, waited_ms in rows]

    def useless_checkpoints(self, limit: int = _BATCH) -> list[str]:
        """Return jobs whose checkpoints nobody needs any more: they succeeded, were aborted, or were forgotten."""
        found = self._connection.command("SRANDMEMBER", self._connection.keys.useless_checkpoints, limit)
        return [job_id.decode() for job_id in found]

    def checkpoints_removed(self, job_id: str) -> None:
        """Say that a job's checkpoints are no longer in the store."""
        self._connection.command("SREM", self._connection.keys.useless_checkpoints, job_id)

    def tickets_in(self, queue: str) -> set[str]:
        """Return the Celery task ids of the tickets that lie in a queue, whatever their priority; see :mod:`reelfleet.tickets`."""
        found: set[str] = set()
        for name in ticket_lists(queue):
            start = 0
            while messages := self._connection.command("LRANGE", name, start, start + _PAGE - 1):
                found.update(task_id for message in messages if (task_id := ticket_id(message)))
                start += len(messages)
        return found

    def _due(self, script: str, **named: Any) -> list[TicketDue]:
        _, due = self._connection.run(script, **named)
        return [ticket_due(fields) for fields in due]


def _expired(fields: list[str]) -> Expired:
    job_id, stage, queue, priority, state, attempt, worker = fields
    waits = JobState(state) is JobState.QUEUED
    ticket = TicketDue(job_id, Stage(stage), queue, int(priority)) if waits else None
    return Expired(ticket, job_id, Stage(stage), queue, JobState(state), int(attempt), worker)
