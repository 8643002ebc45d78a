"""What clients order: pauses, aborts, drains, urgent jobs."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from reelfleet.contract.errors import JobNotFound
from reelfleet.contract.names import gpu_queue
from tests.chaos.faults.act import Act
from tests.chaos.workload import LONG, TENANT

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.chaos.field import Field


def _open_job(field: Field, random: Random) -> str | None:
    """Return an open job, rather one that a worker has."""
    place, prefer_running = random.random(), random.random() < 0.7
    with field.raw_redis() as client:
        keys = field.ledger._connection.keys
        jobs = sorted(client.zrange(f"{keys.prefix}leases", 0, -1)) if prefer_running else []
        jobs = jobs or sorted(client.smembers(keys.open_of_tenant(TENANT)))
    return jobs[int(place * len(jobs))].decode() if jobs else None


def pause_job(field: Field, random: Random) -> Act | None:
    """A job is paused and resumed later."""
    lasts_s, job_id = random.uniform(0.1, 5.0), _open_job(field, random)
    if job_id is None:
        return None
    job = field.client.job(job_id)
    return Act(f"job {job_id}", lambda: _order(job.pause), lasts_s=lasts_s, heal=lambda: _order(job.resume))


def pause_queue(field: Field, random: Random) -> Act:
    """A queue is paused and resumed later."""
    queue = gpu_queue(random.choice(("tiny-flux", "tiny-wan", "tiny-ltx")))
    return _pause(field, random, queue, queue=queue)


def pause_worker(field: Field, random: Random) -> Act:
    """A worker is paused and resumed later."""
    worker = random.choice(field.posts).name
    return _pause(field, random, worker, worker=worker)


def pause_fleet(field: Field, random: Random) -> Act:
    """Everything is paused and resumed later."""
    return _pause(field, random, "fleet", fleet=True)


def _pause(field: Field, random: Random, target: str, **scope: object) -> Act:
    return Act(
        target,
        lambda: _order(lambda: field.client.pause(**scope)),
        lasts_s=random.uniform(0.1, 3.0),
        heal=lambda: _order(lambda: field.client.resume(**scope)),
    )


def abort_job(field: Field, random: Random) -> Act | None:
    """A job is aborted, wherever it is."""
    job_id = _open_job(field, random)
    if job_id is None:
        return None

    def abort() -> None:
        # Before the order: it may be recorded although its answer is lost.
        field.book.aborted.add(job_id)
        _order(lambda: field.client.abort(job_id, reason="chaos"))

    return Act(f"job {job_id}", abort)


def drain_worker(field: Field, random: Random) -> Act | None:
    """A worker is drained; another takes its place."""
    living = [post for post in field.posts if post.alive]
    if not living:
        return None
    post = random.choice(living)

    def drain() -> None:
        post.told_to_go = True
        field.client.drain(post.name)

    return Act(post.name, drain)


def change_priority(field: Field, random: Random) -> Act | None:
    """A job is moved in the queue."""
    priority, job_id = random.randrange(10), _open_job(field, random)
    return None if job_id is None else Act(f"job {job_id}", lambda: _order(lambda: field.client.job(job_id).set_priority(priority)))


def urgent_jobs(field: Field, random: Random) -> Act:
    """Jobs of the highest priority come while all workers are at others."""
    names = [f"{random.choice(list(LONG))}/0" for _ in range(2)]

    def ask() -> None:
        for name in names:
            field.book.plan(name, 0)

    return Act(", ".join(names), ask)


def _order(call: Callable[[], object]) -> None:
    try:
        call()
    except JobNotFound:
        return  # its submission has not been answered
