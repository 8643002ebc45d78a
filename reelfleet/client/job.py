"""One job, as a producer holds it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from reelfleet.client.following import Patience, follow_job
from reelfleet.client.result import Result
from reelfleet.contract.errors import FleetError, Internal, WaitTimeout, error_from_wire
from reelfleet.contract.job import JobState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reelfleet.client.connections import Connections
    from reelfleet.client.orders import Orders
    from reelfleet.client.submissions import Submissions
    from reelfleet.contract.event import Event
    from reelfleet.contract.job import JobStatus
    from reelfleet.contract.manifest import Manifest
    from reelfleet.contract.request import AnyRequest


class Preview(NamedTuple):
    """A small picture of how far a job is."""

    data: bytes
    media_type: str


class Job:
    """A handle on a job: it holds an id and asks the ledger for the rest, so it may be made, kept and copied freely."""

    def __init__(self, connections: Connections, job_id: str, *, orders: Orders, submissions: Submissions, outage_s: float) -> None:
        self._connections = connections
        self._orders = orders
        self._submissions = submissions
        self._outage_s = outage_s
        self.id = job_id

    def status(self) -> JobStatus:
        """Return where the job stands.

        Raises:
            JobNotFound: when the ledger does not know it.
            BrokerUnavailable: when Redis does not answer.
        """
        return self._connections.ledger.jobs.status(self.id)

    def request(self) -> AnyRequest:
        """Return what was asked for, with the seed that was drawn if it was left open."""
        return self._connections.ledger.jobs.row(self.id).request

    def follow_up(self) -> Job | None:
        """Return the job that mattes the result, if the request asks for that. It is submitted when this one succeeds; nobody knows it before.

        Raises:
            JobNotFound: when the ledger does not know this job.
            BrokerUnavailable: when Redis does not answer.
        """
        found = self.status().follow_up
        return None if found is None else self._other(found)

    def events(self, after: str = "0", *, follow: bool = True, timeout: float | None = None) -> Iterator[Event]:
        """Yield what happened to the job, from the beginning or after an event's ``offset``.

        Ends after the event ``FINISHED``. May be called any number of times; short outages of Redis are sat through.

        Args:
            after: offset of the last event already seen; ``"0"`` for all.
            follow: wait for events that have not happened yet; without it, those that have are yielded.
            timeout: seconds after which to give up.

        Raises:
            WaitTimeout: when the timeout passed first; the job goes on.
            JobNotFound: when the ledger does not know the job.
            BrokerUnavailable: when Redis was away for too long.
        """
        return follow_job(self._connections, self.id, after=after, follow=follow, timeout=timeout, outage_s=self._outage_s)

    def wait(self, timeout: float | None = None) -> JobStatus:
        """Wait until the job has ended, however, and return where it stands then; raises as :meth:`events` does."""
        for _ in self.events(timeout=timeout):
            pass
        return Patience(self._outage_s).read(self.status)

    def result(self, timeout: float | None = None) -> Result:
        """Wait for the job and return what it delivered.

        Raises:
            FleetError: the job's own error when it failed, was aborted, timed out or was quarantined.
            WaitTimeout: when ``timeout`` seconds passed first; the job goes on.
        """
        return self._result_of(self.wait(timeout))

    def manifest(self) -> Manifest:
        """Return the manifest of a job that succeeded.

        Raises:
            WaitTimeout: when the job has not ended yet.
            FleetError: the job's own error when it did not succeed.
        """
        status = self.status()
        if not status.state.terminal:
            raise WaitTimeout(f"job {self.id} is {status.state.value} and has no manifest yet; wait for it with result()")
        return self._result_of(status).manifest

    def preview(self) -> Preview | None:
        """Return the latest preview, if there is one that has not expired."""
        found = self._connections.ledger.jobs.preview(self.id)
        return None if found is None else Preview(*found)

    def pause(self, reason: str = "") -> dict[str, dict[str, Any]]:
        """Pause the job; a running one leaves a checkpoint at its next step and frees its GPU. Returns the answer of the worker that holds it."""
        return self._orders.pause(job_id=self.id, reason=reason).workers

    def resume(self) -> dict[str, dict[str, Any]]:
        """Let the job go on, on any worker, from its checkpoint."""
        return self._orders.resume(job_id=self.id).workers

    def abort(self, reason: str = "") -> dict[str, dict[str, Any]]:
        """Stop the job for good: at once if nobody holds it, else within a step."""
        return self._orders.abort(job_id=self.id, reason=reason).workers

    def set_priority(self, priority: int) -> None:
        """Change how soon the job is taken: 0 first, 9 last."""
        self._orders.set_priority(self.id, priority)

    def retry(self, *, from_scratch: bool = False, queue_anyway: bool = False, new_id: str | None = None) -> Job:
        """Make a new job of this one's request; see :meth:`reelfleet.Fleet.retry`."""
        made = self._submissions.retry(self.id, from_scratch=from_scratch, queue_anyway=queue_anyway, job_id=new_id)
        return self._other(made)

    def _other(self, job_id: str) -> Job:
        return Job(self._connections, job_id, orders=self._orders, submissions=self._submissions, outage_s=self._outage_s)

    def _result_of(self, status: JobStatus) -> Result:
        if status.state is JobState.SUCCEEDED:
            return Result(self._connections, status)
        raise error_of(status)

    def __repr__(self) -> str:
        return f"<Job {self.id}>"


def error_of(status: JobStatus) -> FleetError:
    """Return the exception that tells why a job ended without a result."""
    if status.error is None:
        return Internal(
            f"job {status.job_id} ended as {status.state.value} without saying why; `reel logs {status.job_id}` shows what happened"
        )
    return error_from_wire(status.error)
