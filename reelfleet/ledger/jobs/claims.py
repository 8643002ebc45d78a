"""Getting hold of a job and keeping it."""

from __future__ import annotations

import json
import secrets

from reelfleet.contract.errors import ContractMismatch
from reelfleet.contract.job import Progress
from reelfleet.contract.names import Stage
from reelfleet.ledger.answers import Kept, Order, Refusal, RefusalReason, Watch
from reelfleet.ledger.jobs.part import JobsPart, maybe_ticket_due
from reelfleet.ledger.row import parse_row, text_fields
from reelfleet.ledger.types import Claim, Diagnosis, Lease, TicketDue

MAX_STDERR_TAIL = 4000
"""Characters that are kept of what a process wrote last."""


class Claims(JobsPart):
    """Getting hold of a job and keeping it."""

    def claim(
        self,
        job_id: str,
        stage: Stage,
        *,
        worker: str,
        host: str,
        lease_ms: int,
        token: str | None = None,
        memory_bytes: int | None = None,
    ) -> Claim | Refusal:
        """Claim a job's stage for a worker.

        The first claim starts attempt 1; a stage that was handed on or given back starts none; a claim after a lease that ran
        out, or after a reported error, starts the next. Of several claims at once exactly one is granted.

        Args:
            job_id: from the ticket.
            stage: from the ticket.
            worker: who holds the job then.
            host: where the worker runs; a job whose frames lie on another host is refused.
            lease_ms: how long the lease lasts unless it is renewed.
            token: any text that is this claim's own. A caller that repeats a claim because the answer was lost gives the
                same one, and gets the answer that it missed instead of ``held``.
            memory_bytes: how much memory the worker's device has. A job that ran out of memory on a device that was no smaller
                is refused as ``too_small`` and is due again in a second.

        Raises:
            ContractMismatch: when another version of reelfleet wrote the row; the job has failed with that error.
        """
        outcome, *rest = self._connection.run(
            "claim",
            job_id=job_id,
            stage=stage,
            worker=worker,
            host=host,
            lease_ms=lease_ms,
            token=token or secrets.token_hex(8),
            memory_bytes=memory_bytes,
        )
        if outcome == "refused":
            return Refusal(RefusalReason(rest[0].decode()), rest[1].decode())
        flat = rest[0]
        return self._granted(stage, worker, text_fields(zip(flat[::2], flat[1::2], strict=True)))

    def renew(self, lease: Lease, *, lease_ms: int, progress: Progress | None = None, phase_limit_s: float | None = None) -> Order:
        """Extend the lease, report progress and learn what to do next, in one round trip.

        A lease that has run out is extended all the same as long as nobody took the job: after an outage of Redis the worker goes on.

        Args:
            lease: the caller's lease.
            lease_ms: until when it is extended, from now.
            progress: how far the phase is. Told as an event when the phase changes, at its last step, and else not too often.
            phase_limit_s: from now on the phase may take this long before the worker's parent stops keeping the lease;
                ``None`` leaves the limit as it is.

        Raises:
            LeaseLost: when another attempt owns the job, or it has ended.
        """
        _, order = self._run_held(
            "renew",
            lease,
            lease_ms=lease_ms,
            progress=None if progress is None else progress.model_dump_json(),
            phase=None if progress is None else progress.phase,
            step=None if progress is None else progress.step,
            of=None if progress is None else progress.of,
            phase_limit_ms=None if phase_limit_s is None else round(phase_limit_s * 1000),
        )
        return Order(order.decode())

    def keep(self, job_id: str, *, worker: str, lease_ms: int | None) -> Watch:
        """Look after the job of a child process that computes, and extend its lease unless the phase has used up its time.

        Args:
            job_id: the child's job.
            worker: who should hold it.
            lease_ms: until when the lease is extended, from now; ``None`` only looks.
        """
        kept, milliseconds = self._connection.run("keep", job_id=job_id, worker=worker, lease_ms=lease_ms)
        return Watch(Kept(kept), int(milliseconds) / 1000)

    def abandon(self, job_id: str, *, worker: str, diagnosis: Diagnosis | None = None, counts: bool = True) -> TicketDue | None:
        """Give a job back at once whose holding process died, as if its lease had run out.

        Args:
            job_id: the dead child's job.
            worker: who held it; nothing happens when it is another's by now.
            diagnosis: what is known of the death. Kept in the row, and shown if the job ends in quarantine.
            counts: whether the next claim counts an attempt and the worker has a fault. Not so when the process was stopped
                for reasons that are not the job's, such as a drain whose time was up.

        Returns:
            The ticket that is due if the job waits again; ``None`` when it ended, is paused (or its queue is), or ``worker`` did not hold it.
        """
        signal = diagnosis.exit_signal if diagnosis else ""
        return maybe_ticket_due(
            self._connection.run(
                "abandon",
                job_id=job_id,
                worker=worker,
                counts=counts or None,
                how=f"lost its process ({signal})" if signal else None,
                diagnosis=None if diagnosis is None else _diagnosis_json(diagnosis),
            )
        )

    def _granted(self, stage: Stage, worker: str, fields: dict[str, str]) -> Claim:
        lease = Lease(fields["job_id"], stage, int(fields["fence"]), int(fields["attempt"]), worker)
        try:
            return Claim(lease, parse_row(fields))
        except ContractMismatch as error:
            # Left alone, the job would run through all its attempts and end in quarantine without a word of the reason.
            self._run_held("fail", lease, error=error.to_wire().model_dump_json(), code=error.code, backoff_ms=0)
            raise


def _diagnosis_json(diagnosis: Diagnosis) -> str:
    tail = diagnosis.stderr_tail[-MAX_STDERR_TAIL:]
    return json.dumps({"exit_signal": diagnosis.exit_signal, "stderr_tail": tail, "device": diagnosis.device})
