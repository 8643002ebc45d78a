"""How soon work goes on after something was killed, and what checkpoints cost that make it go on where it was."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from statistics import median

from benchmarks.breakable import LONG, SHORT, breakable_fleet, first_event, is_a_step
from benchmarks.figures import Figure, percentile
from benchmarks.surroundings import Surroundings, tell
from benchmarks.workloads import CLIPS
from tests.fixtures.fleet import TestFleet
from tests.fixtures.waiting import wait_until

LEASE_S = 15.0
BACKLOG = 50
SHARE_AIM = 0.02
BACKLOG_TIMEOUT_S = 300.0


def measure_recovery(around: Surroundings, *, kills: int) -> list[Figure]:
    """Kill a child, a whole worker and Redis."""
    with breakable_fleet(around, "recovery", gpu_workers=2) as fleet:
        return [*_kills(fleet, kills), *_redis_killed(fleet)]


def measure_checkpoints(around: Surroundings, *, pairs: int, steps: int) -> list[Figure]:
    """Run the same long clip with checkpoints as often as their share allows, and without any, in turn."""
    tell(f"checkpoints: {pairs} pairs of a clip of {steps} steps")
    request = {**CLIPS.request(1), "steps": steps}
    seconds: dict[bool, list[float]] = {True: [], False: []}
    for number in range(pairs):
        for often in (True, False) if number % 2 else (False, True):
            seconds[often].append(_denoise_s(around, f"checkpoints-{number}-{often}", request, every_s="0" if often else "100000"))
    ratios = [often / none for often, none in zip(seconds[True], seconds[False], strict=True)]
    share = median(ratios) - 1
    return [
        Figure(
            "checkpoint_share",
            "checkpoints as often as allowed, share of the time of denoising",
            share,
            "",
            aim=f"<= {SHARE_AIM:g}",
            met=share <= SHARE_AIM,
            detail=f"{pairs} pairs of {steps} steps, {median(seconds[False]):.1f} s without; {min(ratios) - 1:+.3f} to {max(ratios) - 1:+.3f}",
            samples=tuple(ratios),
        )
    ]


def _denoise_s(around: Surroundings, name: str, request: dict[str, object], *, every_s: str) -> float:
    environment = {"REEL_CHECKPOINT_EVERY_S": every_s, "REEL_MODELS": f"tiny-*,{CLIPS.model}"}
    with breakable_fleet(around, name, environment=environment) as fleet:
        fleet.client.generate({**request, "steps": 4}).result(BACKLOG_TIMEOUT_S)
        return float(fleet.client.generate(request).result(BACKLOG_TIMEOUT_S).manifest.predicate.timings["denoise_s"])


def _kills(fleet: TestFleet, count: int) -> Iterator[Figure]:
    child, worker = [], []
    tell(f"recovery: {count} times a killed child, {count} times a killed worker")
    for _ in range(count):
        child.append(_until_next_step(fleet, child_only=True))
        worker.append(_until_next_step(fleet, child_only=False))
    yield Figure(
        "child_killed_p50_s",
        "SIGKILL of the process that computes, to the next step: p50",
        percentile(child, 50),
        "s",
        detail=f"{count} times, longest {max(child):.2f} s",
        samples=tuple(child),
    )
    longest = max(worker)
    yield Figure(
        "worker_killed_max_s",
        "SIGKILL of a whole worker, to the next step elsewhere: longest",
        longest,
        "s",
        aim=f"<= {LEASE_S + 2:g} s",
        met=longest <= LEASE_S + 2,
        detail=f"{count} times, p50 {percentile(worker, 50):.2f} s; lease_s is {LEASE_S:g} s",
        samples=tuple(worker),
    )


def _until_next_step(fleet: TestFleet, *, child_only: bool) -> float:
    job = fleet.client.generate(LONG)
    first_event(job, is_a_step)
    holder = fleet.ledger.jobs.row(job.id).holder
    slot = next(number for number, worker in enumerate(fleet.workers) if holder and holder.startswith(f"{worker.name}@") and _lives(worker))
    killed = fleet.workers[slot]
    began = time.time()
    if child_only:
        killed.kill_child()
    else:
        killed.kill()
    step = first_event(job, lambda event: event.attempt == 2 and is_a_step(event), after=began)
    job.abort()
    first_event(job, lambda event: event.state is not None and event.state.terminal)
    if not child_only:
        fleet.start("gpu", int(killed.name.removeprefix("gpu")))
    return step.at.timestamp() - began


def _lives(worker: object) -> bool:
    return worker.process.poll() is None  # type: ignore[attr-defined]  # a worker of the tests' fleet, which has no types


def _redis_killed(fleet: TestFleet) -> Iterator[Figure]:
    tell(f"recovery: {BACKLOG} jobs, undisturbed and with Redis killed")
    undisturbed = _backlog_s(fleet, kill=False)
    killed = _backlog_s(fleet, kill=True)
    yield Figure(
        "redis_killed_s",
        f"{BACKLOG} jobs with Redis killed in the middle: all delivered after",
        killed,
        "s",
        detail=f"{undisturbed:.2f} s undisturbed; Redis was started again at once",
    )


def _backlog_s(fleet: TestFleet, *, kill: bool) -> float:
    began = time.monotonic()
    jobs = [fleet.client.generate({**SHORT, "seed": seed}) for seed in range(BACKLOG)]
    if kill:
        wait_until(
            lambda: sum(job.status().state.terminal for job in jobs) >= BACKLOG // 5, what="a fifth of the jobs", timeout=BACKLOG_TIMEOUT_S
        )
        os.kill(fleet.redis.pid, signal.SIGKILL)
        fleet.redis.stop()
        fleet.redis.start()
    for job in jobs:
        job.result(BACKLOG_TIMEOUT_S)
    return time.monotonic() - began
