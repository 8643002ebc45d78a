"""From submit to the first denoise step on an idle, warm fleet, beside a Celery task that does nothing."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import pairwise
from statistics import median
from typing import Any

import redis
from celery import Celery
from kombu import Queue

from benchmarks.figures import Figure, percentile
from benchmarks.noop_app import QUEUE, STARTS, TASK
from benchmarks.surroundings import LATENCY_MODEL, Surroundings, tell
from deploy.local.child import start
from deploy.local.process import ProcessMark, stop_processes
from reelfleet import Fleet
from reelfleet.contract.event import Event, EventKind
from reelfleet.contract.job import Phase
from reelfleet.tickets import producer_app

AIM_MS = 25.0
WARM_UP = 5
DEFAULTS_SHARE = 4
"""One job with the model's defaults for every so many."""
NOOP_TIMEOUT_S = 60
DEFAULTS = {"model": LATENCY_MODEL, "prompt": "a red kite"}
SHORT_TEXT = {**DEFAULTS, "guidance": 1.0, "engine_params": {"max_sequence_length": 32}}
"""Keeps the model's own encoding of text short, which is no part of what is measured: few tokens, no negative prompt."""
MARKS = ("submitted", "claimed", "load", "encode", "denoise")
"""What happens on the way, in order; each part of the way is named for what ends it."""

Times = dict[str, float]
"""Milliseconds from before the call to each mark, and to the call's return."""


def measure_latency(around: Surroundings, *, count: int) -> list[Figure]:
    """Submit jobs one after another, each when the one before has been delivered, with a no-op task in between."""
    broker_url = around.environment["REEL_BROKER_URL"]
    publisher = producer_app(broker_url)
    short: list[Times] = []
    defaults: list[Times] = []
    noops: list[float] = []
    tell(f"latency: {count} jobs and {count} no-op tasks")
    with _noop_worker(around), redis.Redis.from_url(broker_url) as client:
        for number in range(-WARM_UP, count):
            short.append(_time_job(around.client, SHORT_TEXT, number + WARM_UP))
            noops.append(_time_noop(publisher, client))
            if number % DEFAULTS_SHARE == 0:
                defaults.append(_time_job(around.client, DEFAULTS, number + WARM_UP))
    publisher.close()
    return list(_figures(short[WARM_UP:], defaults[1:], noops[WARM_UP:]))


def _time_job(fleet: Fleet, request: Mapping[str, Any], seed: int) -> Times:
    began = time.time()
    job = fleet.generate({**request, "seed": seed})
    marks = {"returned": time.time()}
    for event in job.events():
        mark = _mark_of(event)
        if mark is not None:
            marks.setdefault(mark, event.at.timestamp())
    return {name: (at - began) * 1000 for name, at in marks.items()}


def _mark_of(event: Event) -> str | None:
    if event.kind in {EventKind.SUBMITTED, EventKind.CLAIMED}:
        return event.kind.value
    if event.progress is not None and event.progress.phase in {Phase.LOAD, Phase.ENCODE, Phase.DENOISE}:
        return event.progress.phase.value
    return None


def _time_noop(publisher: Celery, client: redis.Redis) -> float:
    """Return milliseconds from before the send to the first line of the task."""
    began = time.time()
    publisher.send_task(TASK, queue=Queue(QUEUE, routing_key=QUEUE), ignore_result=True)
    answer = client.blpop([STARTS], timeout=NOOP_TIMEOUT_S)
    if answer is None:
        raise RuntimeError("the no-op worker does not answer")
    return (float(answer[1]) - began) * 1000


@contextmanager
def _noop_worker(around: Surroundings) -> Iterator[None]:
    """Run a Celery worker with the fleet's settings and one child, as a GPU-role worker has."""
    options = [f"--queues={QUEUE}", "--hostname=noop@%h", "--concurrency=1", "--loglevel=WARNING", "--without-mingle", "--without-gossip"]
    command = [sys.executable, "-m", "celery", "-A", "benchmarks.noop_app", "worker", *options]
    child = start("noop", "noop", command, environment=around.environment, log=around.folder / "noop.log")
    try:
        yield
    finally:
        process = ProcessMark.of(child.pid).process()
        stop_processes([process] if process else [], grace_s=20)
        child.process.wait()


def _figures(short: list[Times], defaults: list[Times], noops: list[float]) -> Iterator[Figure]:
    what = "submit to first denoise step, idle and warm"
    to_step = [times["denoise"] for times in short]
    p50 = percentile(to_step, 50)
    yield Figure(
        "submit_to_step_p50_ms",
        f"{what}: p50",
        p50,
        "ms",
        aim=f"<= {AIM_MS:g} ms",
        met=p50 <= AIM_MS,
        detail=f"{len(short)} jobs; {_way(short)}",
        samples=tuple(to_step),
    )
    yield Figure("submit_to_step_p99_ms", f"{what}: p99", percentile(to_step, 99), "ms")
    by_default = percentile([times["denoise"] for times in defaults], 50)
    yield Figure(
        "submit_to_step_defaults_p50_ms",
        f"{what}, two prompts of 512 tokens: p50",
        by_default,
        "ms",
        detail=f"{len(defaults)} jobs; {_way(defaults)}",
    )
    yield Figure("submit_call_p50_ms", "the call that submits: p50", percentile([times["returned"] for times in short], 50), "ms")
    yield Figure(
        "noop_p50_ms",
        "no-op Celery task, send to start: p50",
        percentile(noops, 50),
        "ms",
        detail=f"{len(noops)} tasks",
        samples=tuple(noops),
    )
    yield Figure("noop_p99_ms", "no-op Celery task, send to start: p99", percentile(noops, 99), "ms")


def _way(jobs: list[Times]) -> str:
    ends = [0.0, *(median(times[mark] for times in jobs) for mark in MARKS)]
    parts = (f"{mark} +{end - begin:.1f}" for mark, (begin, end) in zip(MARKS, pairwise(ends), strict=True))
    return f"medians on the way: {', '.join(parts)}"
