"""Orders from outside; they hold whether or not a worker listens."""

from __future__ import annotations

from reelfleet.contract.job import JobState
from reelfleet.ledger.jobs.part import JobsPart, maybe_ticket_due
from reelfleet.ledger.types import TicketDue


class Orders(JobsPart):
    """Orders from outside. Each raises ``JobNotFound`` for an unknown job and leaves a job that has ended as it is."""

    def abort(self, job_id: str, reason: str = "") -> JobState:
        """Order a job to stop.

        Returns:
            ``aborted`` when nobody held it; else its state, and its holder stops at the next step (unless the result is decided).
        """
        return self._state("abort", job_id, reason=reason)

    def pause(self, job_id: str) -> JobState:
        """Order a job to pause.

        Returns:
            ``paused`` when nobody held it; else its state, and its holder stands still at the next step.
        """
        return self._state("pause_job", job_id)

    def resume(self, job_id: str) -> TicketDue | None:
        """Take a job's pause back.

        Returns:
            The ticket that is due if the job now waits for a worker; ``None`` if its holder goes on, or it was not paused.
        """
        return maybe_ticket_due(self._connection.run("resume_job", job_id=job_id))

    def set_priority(self, job_id: str, priority: int) -> TicketDue | None:
        """Change a job's priority, 0 (highest) to 9.

        Returns:
            The ticket that is due if the job waits: the old one lies in the list of the old priority. ``None`` else.
        """
        return maybe_ticket_due(self._connection.run("set_priority", job_id=job_id, priority=priority))

    def ticketed(self, job_id: str) -> None:
        """Say that a ticket of the job was issued just now."""
        self._connection.run("ticketed", job_id=job_id)

    def _state(self, script: str, job_id: str, *, reason: str | None = None) -> JobState:
        return JobState(self._connection.run(script, job_id=job_id, reason=reason)[1].decode())
