"""What the tests of faults and orders ask for, and how they look at what came out."""

from __future__ import annotations

import shutil

from reelfleet.contract.job import JobState, JobStatus
from tests.fixtures.fleet import TestFleet
from tests.fixtures.waiting import wait_until

LONG = {"model": "tiny-wan", "prompt": "a red kite over the dunes", "seed": 7, "steps": 1000, "size": "64x64", "frames": 9}
"""Long enough to be met in the middle of its denoise loop."""


def content_of(status: JobStatus) -> list[str]:
    """The hashes of the pixels of a job's artifacts, and of their sound."""
    return [artifact.content_sha256 for artifact in status.artifacts]


def finish(fleet: TestFleet, job_id: str, timeout: float = 90) -> JobStatus:
    return fleet.wait_for_state(job_id, JobState.SUCCEEDED, timeout=timeout)


def undisturbed(fleet: TestFleet, **request) -> list[str]:
    """What a request gives when nothing comes in between."""
    found = content_of(finish(fleet, fleet.client.generate(**request).id))
    assert found, "the undisturbed job made nothing"
    return found


def wait_for_checkpoint(fleet: TestFleet, job_id: str, *, step: int = 1) -> int:
    """Wait until the ledger names a checkpoint of ``step`` (of a matting: frame) or a later one; return its step."""

    def kept() -> int | None:
        ref = fleet.ledger.jobs.row(job_id).checkpoint
        return ref.step if ref is not None and ref.step >= step else None

    return wait_until(kept, what=f"a checkpoint of step {step}", every=0.01)


def resumed_step(status: JobStatus, *, unit: str = "step") -> int:
    """After which step (or frame) the last run of a job went on; 0 when it started over."""
    start = f"resumed after {unit} "
    notes = [note for note in status.notes if note.startswith(start)]
    return int(notes[-1].removeprefix(start).partition("/")[0]) if notes else 0


def move_to_another_host(fleet: TestFleet) -> None:
    """Kill both workers, whose host's disk is gone with them; workers on a host named ``other`` serve from then on."""
    for worker in fleet.workers[:2]:
        worker.kill()
    shutil.rmtree(fleet.folder / "spool")
    other = {"REEL_HOST": "other", "REEL_SPOOL_DIR": str(fleet.folder / "other-spool")}
    fleet.start("cpu", slot=1, **other)
    fleet.start("gpu", slot=1, **other)
