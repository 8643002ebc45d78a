"""A worker that is told to leave loses nothing: not a step, not an attempt, not a result."""

from __future__ import annotations

import signal

import pytest

from reelfleet.contract.names import Stage
from tests.fixtures.waiting import wait_until
from tests.integration.jobs import LONG, content_of, finish, resumed_step, undisturbed

pytestmark = pytest.mark.xdist_group("draining")


@pytest.fixture
def fleet(make_fleet):
    fleet = make_fleet()
    fleet.start_both()
    return fleet


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_checkpoints_the_running_job_and_the_worker_exits_with_status_zero(fleet, number):
    # Given a job whose pixels are known, in the middle of its denoise loop
    expected = undisturbed(fleet, **LONG)
    job = fleet.client.generate(**LONG)
    fleet.wait_for_phase(job.id, "denoise", step=20)

    # When its worker is told to stop, as a spot instance or a deployment tells it
    fleet.workers[0].process.send_signal(number)

    # Then it ends cleanly, and another worker goes on in the same attempt to the same pixels
    assert fleet.workers[0].process.wait(timeout=60) == 0
    assert fleet.ledger.jobs.row(job.id).checkpoint.step >= 20
    fleet.start("gpu", slot=1)
    status = finish(fleet, job.id)
    assert status.attempt == 1
    assert resumed_step(status) >= 20
    assert content_of(status) == expected


def test_signal_to_the_whole_process_group_spares_the_job_as_well(fleet):
    # Given a running job, and a supervisor that signals the worker's whole group
    job = fleet.client.generate(**LONG)
    fleet.wait_for_phase(job.id, "denoise", step=20)

    # When it does
    fleet.workers[0].signal_group(signal.SIGTERM)

    # Then the child finishes its step and the job goes on elsewhere in the same attempt
    assert fleet.workers[0].process.wait(timeout=60) == 0
    fleet.start("gpu", slot=1)
    assert finish(fleet, job.id).attempt == 1


def test_child_that_does_not_stop_within_the_grace_is_killed_and_its_job_keeps_its_attempt(make_fleet):
    # Given a worker with a short grace whose child hears nothing any more
    fleet = make_fleet(env={"REEL_DRAIN_GRACE_S": "1"})
    fleet.start_both()
    job = fleet.client.generate(**LONG)
    fleet.wait_for_phase(job.id, "denoise", step=20)
    wait_until(lambda: fleet.ledger.jobs.row(job.id).checkpoint, what="a checkpoint")
    fleet.workers[0].stop_child()

    # When the worker is told to stop
    assert fleet.workers[0].terminate() == 0

    # Then the job goes on from its checkpoint, and the grace that ran out was no attempt of its own
    fleet.start("gpu", slot=1)
    status = finish(fleet, job.id)
    assert status.attempt == 1
    assert resumed_step(status) > 0


def test_worker_that_was_killed_while_it_left_serves_again_when_it_is_started(fleet):
    # Given a worker that was told to stop, and killed before it had left
    fleet.workers[1].kill()  # nobody is to tidy up behind it
    name = next(info.name for info in fleet.ledger.workers.all() if info.role == "gpu")
    fleet.workers[0].process.send_signal(signal.SIGTERM)
    wait_until(lambda: fleet.ledger.workers.drain_requested(name), what="the drain", every=0.001)
    fleet.workers[0].kill()
    fleet.ledger.workers.request_drain(name, "by itself: told to stop (SIGTERM)")  # it may have been quick enough to leave

    # When it is started again
    fleet.start("gpu")
    fleet.start("cpu")

    # Then it serves
    finish(fleet, fleet.client.generate(**{**LONG, "steps": 2}).id)


def test_cpu_worker_that_is_told_to_stop_delivers_what_it_has_begun(fleet):
    # Given a job that is being delivered
    job = fleet.client.generate(**{**LONG, "steps": 2, "frames": 81, "size": "256x256"})
    wait_until(lambda: (row := fleet.ledger.jobs.row(job.id)).stage is Stage.DELIVER and row.holder, what="the delivery", every=0.005)

    # When its worker is told to stop
    assert fleet.workers[1].terminate() == 0

    # Then the job is delivered
    assert finish(fleet, job.id).attempt == 1
