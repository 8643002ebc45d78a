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

    def pause(self, job_id: str, reason: str = "") -> JobState:
        """Order a job to pause; the reason is kept and told with the event.

        Returns:
            ``paused`` when nobody held it; else its state, and its holder gives it back at the next step (unless the result is decided).
        """
        return self._state("pause_job", job_id, reason=reason)

    def resume(self, job_id: str) -> TicketDue | None:
        """Take a job's pause back.

        Returns:
            The ticket that is due if the job now waits for a worker; ``None`` if its holder goes on, it was not paused, or its
            queue or the fleet is.
        """
        return maybe_ticket_due(self._connection.run("resume_job", job_id=job_id))

    def order_yield(self, job_id: str, *, max_preemptions: int, by: str) -> bool:
        """Order a running job to give way to another one (preemption).

        Args:
            job_id: the job that gives way.
            max_preemptions: how often one job may be made to give way.
            by: the job that it gives way to; told with the event.

        Returns:
            Whether it was ordered now: it is held at stage generate, is preemptible, is not decided and had no other order.
            Its holder gives it back at the next step.
        """
        return self._connection.ask("order_yield", job_id=job_id, max_preemptions=max_preemptions, by=by)

    def set_priority(self, job_id: str, priority: int) -> TicketDue | None:
        """Change a job's priority, 0 (highest) to 9.

        Returns:
            The ticket that is due if the job waits: the old one lies in the list of the old priority. ``None`` else, and
            while its queue or the fleet is paused.
        """
        return maybe_ticket_due(self._connection.run("set_priority", job_id=job_id, priority=priority))

    def ticketed(self, job_id: str) -> None:
        """Say that a ticket of the job was issued just now."""
        self._connection.run("ticketed", job_id=job_id)

    def _state(self, script: str, job_id: str, *, reason: str) -> JobState:
        return JobState(self._connection.run(script, job_id=job_id, reason=reason)[1].decode())
