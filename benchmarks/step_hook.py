"""What watching a step costs: a generation with the ledger's observer against one with none, and the hook alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

from benchmarks.figures import Figure, percentile
from benchmarks.surroundings import LATENCY_MODEL, Surroundings, tell
from config.catalogue import load_catalogue
from config.settings import Settings, load_settings
from persistence.spool import SpoolWriter
from pipelines.checkpoint import Snapshot
from pipelines.device import detect_device
from pipelines.engine import Engine
from pipelines.observer import Observer
from reelfleet.contract.job import Phase
from reelfleet.contract.names import Stage, gpu_queue
from reelfleet.contract.request import GenerateRequest
from reelfleet.contract.spec import GenerationSpec
from reelfleet.ledger import Ledger
from reelfleet.ledger.types import Claim, Lease, NewJob
from reelfleet.resolution import resolve
from reelfleet.submission import new_job_id
from tasks.stages.announce import Announcer
from tasks.stages.observer import LedgerObserver
from tasks.stages.tasks import generate as generate_task

AIM_MS = 2.0
STEPS = 100
CALLS = 2000
TELLING_CALLS = 20
TELLING_EVERY_S = 0.26
"""Longer than a progress event and Flower are told at most: every call pays for both."""


class Deaf:
    """An observer that does nothing."""

    def phase(self, phase: Phase, of: int = 0) -> None:
        """Do nothing."""

    def advance(self, step: int, of: int, take: Callable[[], Snapshot] | None = None) -> None:
        """Do nothing."""

    def note(self, text: str) -> None:
        """Do nothing."""

    def refused(self, text: str) -> None:
        """Do nothing."""

    def preview_due(self) -> bool:
        """Want none."""
        return False

    def preview(self, image: bytes, media_type: str) -> None:
        """Do nothing."""


class HookBench:
    """An engine in this process, and a real ledger."""

    def __init__(self, around: Surroundings) -> None:
        self._settings: Settings = load_settings()
        self._ledger = Ledger.connect(self._settings.broker_url)
        catalogue = load_catalogue(self._settings.model_folders)
        self._engine = Engine(self._settings, catalogue, detect_device("cpu"))
        self._request = GenerateRequest(model=LATENCY_MODEL, prompt="a red kite", seed=1, steps=STEPS)
        self._spec: GenerationSpec = resolve(self._request, catalogue.entry(LATENCY_MODEL).card)
        self._spool: Path = around.folder / "hook-spool"

    def watched(self) -> LedgerObserver:
        """Return the observer of a freshly claimed job."""
        return LedgerObserver(self._ledger, self._claim(), self._settings, Announcer(generate_task))

    def seconds_per_step(self, observer: Observer) -> float:
        """Generate once and return what one denoise step took."""
        with SpoolWriter(self._spool) as spool:
            return self._engine.generate(self._spec, {}, spool, observer).timings["denoise_s"] / STEPS

    def close(self) -> None:
        """Let go of Redis."""
        self._ledger.close()

    def _claim(self) -> Lease:
        # Nobody consumes this queue, and no ticket is issued: the job is this process' own.
        job = NewJob(new_job_id(), self._request, self._request.sha256(), Stage.GENERATE, gpu_queue("bench-hook"), 1)
        self._ledger.jobs.submit(job)
        claim = self._ledger.jobs.claim(job.job_id, Stage.GENERATE, worker="bench@hook", host="bench", lease_ms=600_000)
        if not isinstance(claim, Claim):
            raise TypeError(f"the job of the step hook could not be claimed: {claim}")
        return claim.lease


def measure_step_hook(around: Surroundings, *, pairs: int) -> list[Figure]:
    """Measure in generations that differ in their observer alone, and in loops of nothing but the hook."""
    tell(f"step hook: {pairs} pairs of generations of {STEPS} steps, then the hook alone")
    bench = HookBench(around)
    try:
        bench.seconds_per_step(bench.watched())
        steps = [(bench.seconds_per_step(Deaf()), bench.seconds_per_step(bench.watched())) for _ in range(pairs)]
        alone = _time_calls(bench.watched(), CALLS, every_s=0.0)
        telling = _time_calls(bench.watched(), TELLING_CALLS, every_s=TELLING_EVERY_S)
    finally:
        bench.close()
    return list(_figures(steps, alone, telling))


def _time_calls(observer: LedgerObserver, count: int, *, every_s: float) -> list[float]:
    """Return milliseconds of each call of the hook."""
    observer.phase(Phase.DENOISE, count + 1)
    taken = []
    for step in range(1, count + 1):
        time.sleep(every_s)
        began = time.perf_counter()
        observer.advance(step, count + 1)
        taken.append((time.perf_counter() - began) * 1000)
    return taken


def _figures(steps: list[tuple[float, float]], alone: list[float], telling: list[float]) -> Iterator[Figure]:
    costs = [(watched - deaf) * 1000 for deaf, watched in steps]
    bare_ms = median(deaf for deaf, _ in steps) * 1000
    yield _against_aim(
        "hook_step_ms",
        "step hook: cost of a step in a generation",
        median(costs),
        f"{len(steps)} pairs of {STEPS} steps of {bare_ms:.2f} ms, {min(costs):.2f} to {max(costs):.2f} ms",
        tuple(costs),
    )
    yield _against_aim(
        "hook_alone_ms", "step hook alone, call after call: p50", median(alone), f"{CALLS} calls, p99 {percentile(alone, 99):.2f} ms"
    )
    yield _against_aim(
        "hook_telling_ms",
        "step hook alone, every call telling Flower and the stream: p50",
        median(telling),
        f"{TELLING_CALLS} calls {TELLING_EVERY_S:g} s apart, longest {max(telling):.2f} ms",
    )


def _against_aim(key: str, what: str, value: float, detail: str, samples: tuple[float, ...] = ()) -> Figure:
    return Figure(key, what, value, "ms", aim=f"<= {AIM_MS:g} ms", met=value <= AIM_MS, detail=detail, samples=samples)
