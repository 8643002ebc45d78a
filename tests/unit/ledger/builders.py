"""Jobs, leases and moments for tests of the ledger."""

from __future__ import annotations

import itertools
from datetime import datetime

from reelfleet.contract.errors import ErrorCode, WireError
from reelfleet.contract.job import Phase, Progress
from reelfleet.contract.names import Stage
from reelfleet.contract.request import GenerateRequest
from reelfleet.ledger import Ledger
from reelfleet.ledger.types import Claim, Lease, NewJob
from tests.fixtures.waiting import wait_until

QUEUE = "reel.gpu.tiny-wan"
HOST = "host-a"
HOST_QUEUE = "reel.cpu.host-a"
LONG_MS = 60_000
_numbers = itertools.count(1)


def new_job(
    *,
    job_id: str | None = None,
    stage: Stage = Stage.GENERATE,
    queue: str = QUEUE,
    max_attempts: int = 3,
    notes=(),
    checkpoint=None,
    **request,
) -> NewJob:
    asked = GenerateRequest(**{"model": "tiny-wan", "prompt": "a red kite", **request})
    return NewJob(job_id or f"job-{next(_numbers):06d}", asked.settle(), asked.sha256(), stage, queue, max_attempts, notes, checkpoint)


def submit(ledger: Ledger, **changes) -> str:
    return ledger.jobs.submit(new_job(**changes)).job_id


def claim(
    ledger: Ledger, job_id: str, *, stage: Stage = Stage.GENERATE, worker: str = "gpu0@host-a", host: str = HOST, lease_ms: int = LONG_MS
):
    return ledger.jobs.claim(job_id, stage, worker=worker, host=host, lease_ms=lease_ms)


def hold_of(ledger: Ledger, job_id: str, **how) -> Lease:
    """Claim a job that is free and return the lease."""
    answer = claim(ledger, job_id, **how)
    assert isinstance(answer, Claim), answer
    return answer.lease


def held_job(ledger: Ledger, *, lease_ms: int = LONG_MS, worker: str = "gpu0@host-a", **changes) -> Lease:
    """Submit a job and claim it."""
    return hold_of(ledger, submit(ledger, **changes), lease_ms=lease_ms, worker=worker)


def delivering_job(ledger: Ledger, *, lease_ms: int = LONG_MS, **changes) -> Lease:
    """Submit a job, generate it and claim its last stage."""
    lease = held_job(ledger, **changes)
    hand_on_to_deliver(ledger, lease)
    return hold_of(ledger, lease.job_id, stage=Stage.DELIVER, worker="cpu0@host-a", lease_ms=lease_ms)


def hand_on_to_deliver(ledger: Ledger, lease: Lease):
    return ledger.jobs.hand_on(lease, stage=Stage.DELIVER, queue=HOST_QUEUE, host=HOST, spool="frames", report='{"a": []}')


def denoise(step: int, of: int = 10) -> Progress:
    return Progress(phase=Phase.DENOISE, step=step, of=of)


def error(*, code: ErrorCode = ErrorCode.OUT_OF_MEMORY, retryable: bool = True) -> WireError:
    return WireError(code=code, message="it broke", retryable=retryable, details={"numbers": [], "big": "18446744073709551615"})


def redis_now(ledger: Ledger) -> datetime:
    seconds, microseconds = ledger._connection.command("TIME")
    return datetime.fromtimestamp(int(seconds) + int(microseconds) / 1e6).astimezone()


def wait_past(ledger: Ledger, moment: datetime) -> None:
    """Wait until Redis' clock is past a moment."""
    wait_until(lambda: redis_now(ledger).timestamp() > moment.timestamp() + 0.002, what=f"Redis' clock to pass {moment}", every=0.001)


def let_lease_run_out(ledger: Ledger, lease: Lease) -> None:
    """Cut a lease down to a millisecond and wait until it is over."""
    ledger.jobs.renew(lease, lease_ms=1)
    until = ledger.jobs.row(lease.job_id).lease_until
    assert until is not None
    wait_past(ledger, until)


def let_time_run_out(ledger: Ledger, job_id: str) -> None:
    """Move a job's deadline to just after its creation, as if its ``timeout_s`` had gone by."""
    connection = ledger._connection
    row = ledger.jobs.row(job_id)
    assert row.deadline is not None
    past = round(row.created.timestamp() * 1000) + 1
    connection.command("HSET", connection.keys.job(job_id), "deadline", past)
    connection.command("ZADD", f"{connection.keys.prefix}deadlines", "XX", past, job_id)
    wait_past(ledger, row.created)


def kinds(ledger: Ledger, job_id: str) -> list[str]:
    return [event.kind.value for event in ledger.events.read(job_id)]
