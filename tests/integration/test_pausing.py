"""A pause frees the device, lasts, and costs nothing but the time."""

from __future__ import annotations

import pytest

from reelfleet.contract.job import JobState
from reelfleet.contract.names import gpu_queue
from tests.fixtures.waiting import wait_until
from tests.integration.jobs import LONG, content_of, finish, resumed_step, undisturbed

pytestmark = pytest.mark.xdist_group("pausing")

SHORT = {"model": "tiny-flux", "prompt": "a lighthouse", "seed": 1, "steps": 2}


@pytest.fixture
def fleet(make_fleet):
    fleet = make_fleet()
    fleet.start_both()
    return fleet


def paused_at(fleet, job) -> int:
    """Pause a job in the middle of its denoise loop; return the step that it can go on from."""
    fleet.wait_for_phase(job.id, "denoise", step=20)
    job.pause(reason="maintenance")
    fleet.wait_for_state(job.id, JobState.PAUSED)
    return fleet.ledger.jobs.row(job.id).checkpoint.step


def warm_models(fleet) -> tuple[str, ...]:
    return next(info.warm_models for info in fleet.ledger.workers.all() if info.role == "gpu")


def test_paused_job_leaves_its_device_to_others(fleet):
    # Given a paused job
    job = fleet.client.generate(**LONG)
    paused_at(fleet, job)

    # Then nobody holds it, and another job runs on the same worker meanwhile
    assert fleet.ledger.jobs.row(job.id).holder is None
    finish(fleet, fleet.client.generate(**SHORT).id)
    assert fleet.ledger.jobs.status(job.id).state is JobState.PAUSED


def test_paused_job_goes_on_after_every_process_of_the_fleet_was_restarted(fleet):
    # Given a job whose pixels are known, paused in the middle
    expected = undisturbed(fleet, **LONG)
    job = fleet.client.generate(**LONG)
    step = paused_at(fleet, job)

    # When workers and Redis are stopped, others started, and the job is resumed
    for worker in fleet.workers:
        worker.kill()
    fleet.redis.stop()
    fleet.redis.start()
    fleet.start("gpu", slot=1)
    fleet.start("cpu", slot=1)
    job.resume()

    # Then it goes on where it was, in the same attempt, and ends with the same pixels
    status = finish(fleet, job.id)
    assert status.attempt == 1
    assert resumed_step(status) == step
    assert content_of(status) == expected


def test_paused_fleet_gives_running_jobs_back_and_their_memory_too(fleet):
    # Given a running job
    job = fleet.client.generate(**LONG)
    fleet.wait_for_phase(job.id, "denoise", step=20)

    # When the fleet is paused
    fleet.client.pause(fleet=True, reason="new driver")

    # Then the job waits without a holder, and no model is in memory
    wait_until(lambda: fleet.ledger.jobs.row(job.id).holder is None, what="the job to be given back")
    assert fleet.ledger.jobs.status(job.id).state is JobState.QUEUED
    wait_until(lambda: warm_models(fleet) == (), what="the models to be unloaded")

    # And it goes on after the pause, in the same attempt
    fleet.client.resume(fleet=True)
    status = finish(fleet, job.id)
    assert status.attempt == 1
    assert resumed_step(status) >= 20


def test_models_stay_warm_where_the_pause_says_so(fleet):
    # Given a worker with a warm model, and a second model that a cold pause unloads
    finish(fleet, fleet.client.generate(**SHORT).id)
    finish(fleet, fleet.client.generate(**{**LONG, "steps": 2}).id)

    # When the queue of one is paused warm, and that of the other cold
    fleet.client.pause(queue=gpu_queue("tiny-flux"), keep_warm=True)
    fleet.client.pause(queue=gpu_queue("tiny-wan"))

    # Then only the other one is unloaded
    wait_until(lambda: warm_models(fleet) == ("tiny-flux",), what="the other model to be unloaded")


def test_pause_given_while_no_worker_is_up_holds_when_one_starts(make_fleet):
    # Given a fleet without workers that is paused, and a job
    fleet = make_fleet()
    fleet.client.pause(fleet=True)
    job = fleet.client.generate(**SHORT, queue_anyway=True)

    # When workers start
    fleet.start_both()

    # Then they say that they are paused and leave the job alone until the pause ends
    wait_until(lambda: {info.state for info in fleet.ledger.workers.all()} == {"paused"}, what="paused workers")
    assert fleet.ledger.jobs.status(job.id).attempt == 0
    fleet.client.resume(fleet=True)
    finish(fleet, job.id)
