from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from reelfleet.contract.job import Phase, Progress
from reelfleet.contract.worker import WorkerInfo, WorkerRole, WorkerState
from reelfleet.ledger.types import Waiting
from tasks.preemption import choose
from tests.unit.ledger.builders import LONG_MS, QUEUE, held_job

OTHER_QUEUE = "reel.gpu.tiny-ltx"
RESUMABLE = frozenset({"tiny-wan", "tiny-ltx"})
URGENT = Waiting("urgent", QUEUE, priority=0, waited_s=2)


def worker(number: int, job_id: str | None, **changes) -> WorkerInfo:
    facts = {
        "name": f"gpu{number}@host-a",
        "role": WorkerRole.GPU,
        "host": "host-a",
        "pid": number,
        "state": WorkerState.BUSY if job_id else WorkerState.IDLE,
        "queues": (QUEUE, OTHER_QUEUE),
        "job_id": job_id,
        "seen": datetime.now(UTC),
        "version": "0",
    }
    return WorkerInfo(**{**facts, **changes})


@pytest.fixture
def running(ledger):
    """Put a job on a worker of its own; returns the worker and the row."""
    count = iter(range(100))

    def run(phase: Phase = Phase.DENOISE, eta_s: float | None = 60, **request):
        number = next(count)
        lease = held_job(ledger, worker=f"gpu{number}@host-a", **{"priority": 9, **request})
        ledger.jobs.renew(lease, lease_ms=LONG_MS, progress=Progress(phase=phase, step=3, of=30, eta_s=eta_s))
        return worker(number, lease.job_id), ledger.jobs.row(lease.job_id)

    return run


def chosen(*busy, idle=(), urgent: Waiting = URGENT, resumable=RESUMABLE) -> str | None:
    return choose(urgent, [*(info for info, _ in busy), *idle], {row.job_id: row for _, row in busy}, resumable)


def test_job_of_lower_priority_gives_way(running):
    busy = running()

    assert chosen(busy) == busy[1].job_id


def test_nobody_gives_way_while_a_worker_is_idle(running):
    assert chosen(running(), idle=[worker(50, None)]) is None


def test_idle_worker_that_cannot_take_the_job_does_not_count(running):
    busy = running()

    assert chosen(busy, idle=[worker(50, None, queues=(OTHER_QUEUE,)), worker(51, None, state=WorkerState.DRAINING)]) == busy[1].job_id


def test_lowest_priority_gives_way_first(running):
    higher, lowest = running(priority=6), running(priority=9)

    assert chosen(higher, lowest) == lowest[1].job_id


def test_of_equal_priority_the_one_whose_model_is_needed_anyway_gives_way(running):
    other, same = running(model="tiny-ltx", eta_s=900), running(eta_s=60)

    assert chosen(other, same) == same[1].job_id


def test_of_equal_cost_the_one_that_would_run_longest_gives_way(running):
    short, long = running(eta_s=30), running(eta_s=300)

    assert chosen(short, long) == long[1].job_id


@pytest.mark.parametrize(
    "spared",
    [
        {"preemptible": False},
        {"priority": 0},
        {"priority": 2},
        {"phase": Phase.DECODE},
        {"eta_s": 0.5},
        {"model": "no-resume"},
    ],
    ids=["says no", "same priority", "same step of priority", "decodes", "nearly done", "would lose its steps"],
)
def test_job_that_is_to_be_spared_does_not_give_way(running, spared):
    assert chosen(running(**spared)) is None


def test_second_job_is_not_stopped_while_the_first_is_giving_way(running, ledger):
    info, row = running()
    ledger.jobs.order_yield(row.job_id, max_preemptions=1, by="urgent")

    assert chosen((info, ledger.jobs.row(row.job_id)), running()) is None


def test_job_that_is_being_delivered_does_not_give_way(running):
    info, row = running()

    assert chosen((info, replace(row, stage="deliver"))) is None
