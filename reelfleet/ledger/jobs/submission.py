"""Taking jobs in."""

from __future__ import annotations

import json

from reelfleet.contract.errors import IdempotencyConflict
from reelfleet.ledger.jobs.part import JobsPart, checkpoint_json
from reelfleet.ledger.types import NewJob, Submitted


class Submission(JobsPart):
    """Taking jobs in."""

    def submit(self, new: NewJob) -> Submitted:
        """Take a job in, once.

        The same tenant and idempotency key with the same request give the job that is there; so does the same
        ``job_id`` sent again because an answer was lost. The key holds as long as the job's row is kept.

        Raises:
            IdempotencyConflict: when the key (or id) was used with another request.
            ValueError: when the request's seed was not drawn (a caller's mistake).
        """
        request = new.request
        if not request.settled:
            raise ValueError("draw the seed before submitting")
        outcome, job_id = self._connection.run(
            "submit",
            job_id=new.job_id,
            request=request.model_dump_json(),
            request_sha256=new.request_sha256,
            kind=request.kind,
            model=request.model,
            priority=request.priority,
            tenant=request.tenant,
            idempotency_key=request.idempotency_key,
            timeout_ms=None if request.timeout_s is None else max(1, round(request.timeout_s * 1000)),
            stage=new.stage,
            queue=new.queue,
            max_attempts=new.max_attempts,
            preemptible=request.preemptible or None,
            checkpoint=None if new.checkpoint is None else checkpoint_json(new.checkpoint),
            notes=json.dumps(new.notes) if new.notes else None,
            follow_up=new.follow_up,
        )
        if outcome == "conflict":
            raise IdempotencyConflict(
                f"job {job_id.decode()} was submitted with the same "
                + (f"idempotency key {request.idempotency_key!r}" if request.idempotency_key else "id")
                + " and another request; use a new one",
                details={"job_id": job_id.decode()},
            )
        return Submitted(job_id=job_id.decode(), created=outcome == "created")
