"""Runs a backlog on the fleet and reads from the event streams what happened when."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from benchmarks.workloads import Workload
from reelfleet import Fleet, Job
from reelfleet.contract.event import Event, EventKind
from reelfleet.contract.names import Stage

RESULT_TIMEOUT_S = 600.0
COMPUTING = ("encode_s", "denoise_s", "decode_s")


@dataclass(frozen=True)
class FleetRun:
    """What one backlog took."""

    seconds: float
    """From before the first submit to the last commit."""
    busy: float
    """Share of the time between the first claim and the last hand-on of generate in which a generate stage was held."""
    computing: float
    """Share of the same time that was encoding of text, denoising and decoding, with frames going to the spool."""
    gaps_s: tuple[float, ...]
    """Between one job's hand-on and the next one's claim."""
    parts: dict[str, float]
    """Seconds by part, summed over the jobs, as the manifests tell them."""
    content: dict[int, str]
    """Hash of the pixels by seed."""


def run_backlog(fleet: Fleet, workload: Workload, seeds: Sequence[int]) -> FleetRun:
    """Submit everything at once and wait until everything is committed."""
    began = time.time()
    jobs = [fleet.generate(workload.request(seed)) for seed in seeds]
    results = [job.result(RESULT_TIMEOUT_S) for job in jobs]
    streams = [_events(job) for job in jobs]
    ended = max(_at(events, EventKind.FINISHED) for events in streams)
    held = sorted((_at(events, EventKind.CLAIMED), _at(events, EventKind.HANDED_ON)) for events in streams)
    parts: dict[str, float] = {}
    for result in results:
        for name, seconds in result.manifest.predicate.timings.items():
            parts[name] = parts.get(name, 0.0) + seconds
    span = held[-1][1] - held[0][0]
    return FleetRun(
        seconds=ended - began,
        busy=sum(end - start for start, end in held) / span,
        computing=sum(parts[name] for name in COMPUTING) / span,
        gaps_s=tuple(after[0] - before[1] for before, after in pairwise(held)),
        parts=parts,
        content={seed: result.manifest.predicate.artifacts[0].content_sha256 or "" for seed, result in zip(seeds, results, strict=True)},
    )


def _events(job: Job) -> list[Event]:
    events = list(job.events(follow=False))
    claims = [event.stage for event in events if event.kind is EventKind.CLAIMED]
    if claims != [Stage.GENERATE, Stage.DELIVER]:
        raise RuntimeError(f"job {job.id} went {claims}, so its times say nothing; was a worker killed?")
    return events


def _at(events: list[Event], kind: EventKind) -> float:
    """Return when something happened first, in seconds since 1970 by Redis' clock, which is this machine's."""
    return next(event.at for event in events if event.kind is kind).timestamp()
