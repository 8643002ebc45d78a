"""How soon orders take effect: abort in each phase, pause, preemption."""

from __future__ import annotations

import os
import signal
import time
from collections import defaultdict
from collections.abc import Iterator

from benchmarks.breakable import LONG, SHORT, breakable_fleet, first_event, is_a_step, until
from benchmarks.figures import Figure, percentile
from benchmarks.surroundings import Surroundings, tell
from reelfleet import Job
from reelfleet.contract.event import EventKind
from reelfleet.contract.job import JobState, Phase
from tests.fixtures.fleet import TestFleet

ABORT_GRACE_S = 5.0
DENOISE_AIM_S = 0.25
ELSEWHERE_AIM_S = ABORT_GRACE_S + 0.5
DEAF = (Phase.LOAD, Phase.ENCODE, Phase.DENOISE, Phase.DECODE, Phase.WRITE)
"""Phases in which the process is stopped, so that it cannot hear the abort: the worst case of each."""


def measure_orders(around: Surroundings, *, count: int, deaf: int) -> list[Figure]:
    """Measure on one worker; ``count`` of what takes milliseconds, ``deaf`` aborts in each phase for which the grace runs out."""
    with breakable_fleet(around, "orders") as fleet:
        return [
            *_aborts_while_denoising(fleet, count),
            *_deaf_aborts(fleet, deaf),
            _pauses(fleet, count),
            _preemptions(fleet, max(2, count // 4)),
        ]


def _running(fleet: TestFleet, **changes: object) -> Job:
    job = fleet.client.generate({**LONG, **changes})
    first_event(job, is_a_step)
    return job


def _aborts_while_denoising(fleet: TestFleet, count: int) -> Iterator[Figure]:
    tell(f"orders: {count} aborts while denoising")
    latencies = []
    for _ in range(count):
        job = _running(fleet)
        began = time.time()
        job.abort()
        latencies.append((_finished(job) - began) * 1000)
    for percent in (50, 99):
        yield Figure(
            f"abort_denoise_p{percent}_ms",
            f"abort while denoising, order to end: p{percent}",
            percentile(latencies, percent),
            "ms",
            aim=f"<= {DENOISE_AIM_S * 1000:g} ms and a step",
            met=percentile(latencies, percent) <= DENOISE_AIM_S * 1000,
            detail=f"{count} jobs",
            samples=tuple(latencies),
        )


def _deaf_aborts(fleet: TestFleet, count: int) -> Iterator[Figure]:
    tell(f"orders: {count} aborts in each phase of a process that hears nothing")
    latencies: dict[str, list[float]] = defaultdict(list)
    for phase in DEAF:
        for _ in range(count):
            job = fleet.client.generate({**LONG, "steps": 100, "frames": 81})
            worker = fleet.workers[1 if phase is Phase.WRITE else 0]
            children = [child.pid for child in worker.children()]
            first_event(job, lambda event, phase=phase: event.progress is not None and event.progress.phase is phase)  # type: ignore[misc]  # mypy takes no lambda with a default
            for pid in children:
                os.kill(pid, signal.SIGSTOP)
            job.abort()
            _finished(job)
            error = fleet.ledger.jobs.status(job.id).error
            if error is None:
                raise RuntimeError(f"job {job.id} was aborted and ended without saying so")
            details = error.details
            latencies[details["phase"]].append(details["latency_s"])
            until(lambda worker=worker, children=children: worker.children() and {c.pid for c in worker.children()} != set(children))  # type: ignore[misc]  # as above
    for name, found in latencies.items():
        yield Figure(
            f"abort_deaf_{name}_p99_s",
            f"abort of a process that hears nothing in {name}: p99",
            percentile(found, 99),
            "s",
            aim=f"<= {ELSEWHERE_AIM_S:g} s",
            met=percentile(found, 99) <= ELSEWHERE_AIM_S,
            detail=f"{len(found)} jobs, p50 {percentile(found, 50):.2f} s; abort_grace_s is {ABORT_GRACE_S:g} s",
            samples=tuple(found),
        )


def _pauses(fleet: TestFleet, count: int) -> Figure:
    tell(f"orders: {count} pauses")
    latencies = []
    for _ in range(count):
        job = _running(fleet)
        began = time.time()
        job.pause()
        paused = first_event(job, lambda event: event.kind is EventKind.PAUSED, after=began)
        latencies.append((paused.at.timestamp() - began) * 1000)
        job.abort()
        until(lambda job=job: job.status().state is JobState.ABORTED)  # type: ignore[misc]  # mypy takes no lambda with a default
    return Figure(
        "pause_p50_ms",
        "pause of a denoising job, order to free device: p50",
        percentile(latencies, 50),
        "ms",
        detail=f"{count} jobs, p99 {percentile(latencies, 99):.0f} ms; with the checkpoint in the store",
        samples=tuple(latencies),
    )


def _preemptions(fleet: TestFleet, count: int) -> Figure:
    tell(f"orders: {count} preemptions")
    latencies = []
    for _ in range(count):
        patient = _running(fleet, priority=9)
        began = time.time()
        urgent = fleet.client.generate({**SHORT, "priority": 0})
        step = first_event(urgent, is_a_step)
        if fleet.ledger.jobs.status(patient.id).preemptions != 1:
            raise RuntimeError("the patient job did not give way, so its time says nothing")
        latencies.append(step.at.timestamp() - began)
        patient.abort()
        until(lambda patient=patient: patient.status().state.terminal)  # type: ignore[misc]  # as above
    return Figure(
        "preemption_p50_s",
        "urgent job on a busy worker, submit to its first step: p50",
        percentile(latencies, 50),
        "s",
        detail=f"{count} jobs, longest {max(latencies):.2f} s; preempt_after_s 0.5, a round of the steward every second",
        samples=tuple(latencies),
    )


def _finished(job: Job) -> float:
    return first_event(job, lambda event: event.kind is EventKind.FINISHED).at.timestamp()
