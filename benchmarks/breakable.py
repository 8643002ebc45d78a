"""A fleet with the settings that a fleet has when nobody sets any, whose parts can be killed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from benchmarks.surroundings import ONE_THREAD, Surroundings
from reelfleet import Job
from reelfleet.contract.event import Event
from reelfleet.contract.job import Phase
from tests.fixtures.fleet import QUICK, TestFleet

LONG = {"model": "tiny-wan", "prompt": "a red kite over the dunes", "seed": 7, "steps": 1000, "size": "64x64", "frames": 17}
"""Takes several seconds, in steps of a few milliseconds."""
SHORT = {"model": "tiny-flux", "prompt": "a lighthouse", "seed": 1, "steps": 2}
PATIENCE_S = 120.0


@contextmanager
def breakable_fleet(
    around: Surroundings, name: str, *, gpu_workers: int = 1, environment: Mapping[str, str] | None = None
) -> Iterator[TestFleet]:
    """Bring up a fleet of its own; ``environment`` adds settings."""
    folder = around.folder / name
    # The quick settings of tests are taken back: what is measured is what operators have.
    ordinary = {**ONE_THREAD, "REEL_DEVICE": "cpu", "REEL_MODELS": "tiny-wan,tiny-flux", **(environment or {})}
    fleet = TestFleet(folder, around.folder / "models" / "tiny", env=ordinary)
    for key in QUICK:
        if key not in ordinary:
            fleet.env.pop(key, None)
    try:
        for slot in range(gpu_workers):
            fleet.start("gpu", slot)
        fleet.start("cpu")
        for request in (LONG, SHORT):
            fleet.client.generate({**request, "steps": 2}).result(PATIENCE_S)
        yield fleet
    finally:
        fleet.stop()


def first_event(job: Job, wanted: Callable[[Event], bool], *, after: float = 0.0) -> Event:
    """Return the first event of a job that is wanted and not older than ``after`` (seconds since 1970), waiting for it.

    Raises:
        RuntimeError: when the job ends without one.
    """
    for event in job.events():
        if event.at.timestamp() >= after and wanted(event):
            return event
    raise RuntimeError(f"job {job.id} ended without what was waited for")


def is_a_step(event: Event) -> bool:
    """Whether an event tells of a denoise step."""
    return event.progress is not None and event.progress.phase is Phase.DENOISE and event.progress.step > 0


def until(condition: Callable[[], Any], every_s: float = 0.002) -> Any:
    """Wait for a condition and return what it returned.

    Raises:
        RuntimeError: when it does not come true.
    """
    give_up = time.monotonic() + PATIENCE_S
    while time.monotonic() < give_up:
        found = condition()
        if found:
            return found
        time.sleep(every_s)
    raise RuntimeError("what was waited for did not happen")
