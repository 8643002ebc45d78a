"""A child that hears nothing is stopped in bounded time, and its job goes where it belongs."""

from __future__ import annotations

import pytest

from reelfleet.contract.job import JobState
from reelfleet.store import open_store
from tests.fixtures.waiting import wait_until
from tests.integration.jobs import LONG, content_of, finish, resumed_step, undisturbed

pytestmark = pytest.mark.xdist_group("deaf")


@pytest.fixture
def start_fleet(make_fleet):
    def start(**env: str):
        fleet = make_fleet(env=env)
        fleet.start_both()
        return fleet

    return start


@pytest.mark.parametrize(
    ("worker", "phase", "lasting"),
    [(0, "denoise", {"steps": 300}), (1, "write", {"steps": 2, "frames": 81, "size": "256x256"})],
    ids=["generate", "deliver"],
)
def test_abort_that_a_child_does_not_hear_ends_the_child_and_the_job(start_fleet, worker, phase, lasting):
    # Given a job whose process stands still in a phase that lasts long enough to be met
    fleet = start_fleet(REEL_ABORT_GRACE_S="1")
    job = fleet.client.generate(**{**LONG, **lasting})
    fleet.wait_for_phase(job.id, phase, step=1)
    fleet.workers[worker].stop_child()

    # When it is aborted
    job.abort(reason="wrong prompt")

    # Then it ends with phase and latency, leaves nothing in the store, and the worker takes the next job
    status = fleet.wait_for_state(job.id, JobState.ABORTED)
    assert status.error.details["phase"] == phase
    assert status.error.details["latency_s"] >= 1
    assert list(open_store(fleet.store_url).list(f"jobs/{job.id}/attempts")) == []
    finish(fleet, fleet.client.generate(**{**LONG, "steps": 2}).id)


def test_stalled_step_costs_an_attempt_and_goes_on_from_the_checkpoint(start_fleet):
    # Given a job whose pixels are known, whose process stands still behind a checkpoint
    fleet = start_fleet(REEL_STALL_MIN_S="1")
    expected = undisturbed(fleet, **LONG)
    job = fleet.client.generate(**LONG)
    fleet.wait_for_phase(job.id, "denoise", step=50)
    wait_until(lambda: fleet.ledger.jobs.row(job.id).checkpoint, what="a checkpoint", every=0.01)

    # When no step comes for far longer than steps take
    fleet.workers[0].stop_child()

    # Then the process is killed and the job ends on its second attempt with the same pixels
    status = finish(fleet, job.id)
    assert status.attempt == 2
    assert resumed_step(status) > 0
    assert content_of(status) == expected


def test_job_whose_deadline_passes_in_a_deaf_phase_ends_in_bounded_time(start_fleet):
    fleet = start_fleet(REEL_ABORT_GRACE_S="0.5")
    job = fleet.client.generate(**LONG, timeout_s=10)
    fleet.wait_for_phase(job.id, "denoise", step=5)

    fleet.workers[0].stop_child()

    status = fleet.wait_for_state(job.id, JobState.FAILED)
    assert status.error.code == "timed_out"
