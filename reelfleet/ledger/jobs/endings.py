"""How a lease ends: with the next stage, a result, an error or an order."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import TypeAdapter

from reelfleet.contract.errors import Aborted, WireError
from reelfleet.contract.job import JobState, Phase
from reelfleet.contract.manifest import Artifact
from reelfleet.contract.names import Stage
from reelfleet.ledger.faults import BLAMES_DEVICE
from reelfleet.ledger.jobs.part import JobsPart, ticket_due
from reelfleet.ledger.types import GivenBack, Lease

_ARTIFACTS = TypeAdapter(tuple[Artifact, ...])


class Endings(JobsPart):
    """How a lease ends.

    Everything here raises ``LeaseLost`` for a stale lease, and may be sent again when the answer was lost: the second
    time is answered like the first and changes nothing.
    """

    def hand_on(
        self,
        lease: Lease,
        *,
        stage: Stage,
        queue: str,
        host: str | None = None,
        spool: str | None = None,
        timings: dict[str, float] | None = None,
        report: str | None = None,
    ) -> JobState:
        """End the stage; the job waits for the ticket of ``stage`` within the same attempt.

        Args:
            lease: the caller's lease.
            stage: what comes next.
            queue: where it waits.
            host: the only host that can run it, if it reads this host's spool.
            spool: the folder on that host.
            timings: seconds by phase, added to the row's.
            report: JSON for the next stage, kept as it is.

        Returns:
            ``running``; or where the job went instead: ``paused``, ``aborted`` or ``failed`` (timed out).
        """
        answer = self._run_held("hand_on", lease, stage=stage, queue=queue, host=host, spool=spool, timings=timings, report=report)
        return JobState(answer[1].decode())

    def give_back(self, lease: Lease, *, note: str = "") -> GivenBack:
        """Stop at a step, so that the job goes on later, here or elsewhere, from its checkpoint, within the same attempt.

        What ``Order.PAUSE`` and ``Order.YIELD`` ask for. A job that was to give way to another counts as preempted once more.

        Args:
            lease: the caller's lease.
            note: why, told with the event.
        """
        state, ticket = self._run_held("give_back", lease, note=note)
        return GivenBack(JobState(state), ticket_due(ticket[1]) if ticket[0] == b"due" else None)

    def decide(self, lease: Lease, manifest_bytes: bytes) -> bytes:
        """Return the manifest that is the job's: these bytes, or those that were decided before.

        Once decided, neither an abort, a pause, the deadline nor any number of vanished holders takes the result back.

        Raises:
            Aborted: when the job was to be aborted before anything was decided.
        """
        outcome, answer = self._run_held("decide", lease, data=manifest_bytes)
        if outcome == "aborted":
            raise Aborted(f"job {lease.job_id} was aborted before its result was decided", details={"reason": answer.decode()})
        decided: bytes = answer
        return decided

    def succeed(self, lease: Lease, *, manifest_uri: str, artifacts: Sequence[Artifact]) -> None:
        """End the job: its manifest is in the store."""
        self._run_held("succeed", lease, manifest_uri=manifest_uri, artifacts=_ARTIFACTS.dump_json(tuple(artifacts)).decode())

    def fail(
        self,
        lease: Lease,
        error: WireError,
        *,
        retry_stage: Stage | None = None,
        retry_queue: str | None = None,
        backoff_s: float = 0.0,
        counts: bool = True,
        needs_memory: int | None = None,
    ) -> JobState:
        """Report an error.

        Args:
            lease: the caller's lease.
            error: what happened; ``retryable`` decides whether another attempt follows while one is left.
            retry_stage: where the next attempt begins; ``None`` is this stage again. Another stage forgets host and spool.
            retry_queue: where it waits; ``None`` is the same queue.
            backoff_s: for how long it waits before a ticket is due.
            counts: whether the retry is another attempt and the error may be the worker's fault. Not so when the job is sent to
                a larger device: then it is retried although no attempt is left.
            needs_memory: bytes of device memory that were too few; only a device with more gets the job from now on.

        Returns:
            ``queued`` when another attempt follows (``paused`` if the job is to pause), ``failed`` when none does,
            ``aborted`` when the job was to be aborted anyway.
        """
        answer = self._run_held(
            "fail",
            lease,
            error=error.model_dump_json(),
            code=error.code,
            retryable=error.retryable or None,
            retry_stage=retry_stage,
            retry_queue=retry_queue,
            backoff_ms=round(backoff_s * 1000),
            counts=counts or None,
            needs_memory=needs_memory,
            blames_device=error.code in BLAMES_DEVICE or None,
        )
        return JobState(answer[1].decode())

    def end_aborted(self, lease: Lease, phase: Phase | None = None) -> None:
        """End the job as aborted; ``phase`` says where, if no progress did."""
        self._run_held("end_aborted", lease, phase=phase)

    def end_timed_out(self, lease: Lease) -> None:
        """End the job as failed with ``timed_out``: its deadline passed."""
        self._run_held("end_timed_out", lease)
