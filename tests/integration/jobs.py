"""What the tests of faults and orders ask for, and how they look at what came out."""

from __future__ import annotations

from reelfleet.contract.job import JobState, JobStatus
from tests.fixtures.fleet import TestFleet

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


def resumed_step(status: JobStatus) -> int:
    """After which step the last run of a job went on; 0 when it started over."""
    notes = [note for note in status.notes if note.startswith("resumed after step ")]
    return int(notes[-1].removeprefix("resumed after step ").partition("/")[0]) if notes else 0
