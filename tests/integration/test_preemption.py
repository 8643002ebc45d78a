"""An urgent job does not wait for a long one of lower priority, which loses nothing by giving way."""

from __future__ import annotations

import pytest

from reelfleet.contract.job import JobState
from tests.fixtures.waiting import wait_until
from tests.integration.jobs import LONG, content_of, finish, resumed_step, undisturbed

pytestmark = pytest.mark.xdist_group("preemption")

PATIENT = {**LONG, "frames": 17, "priority": 9}
URGENT = {"model": "tiny-flux", "prompt": "a lighthouse", "seed": 1, "steps": 2, "priority": 0}


@pytest.fixture
def fleet(make_fleet):
    fleet = make_fleet(env={"REEL_PREEMPT_AFTER_S": "0.1", "REEL_MAX_PREEMPTIONS": "1"})
    fleet.start_both()
    return fleet


def test_long_job_gives_way_to_an_urgent_one_and_goes_on_where_it_was(fleet):
    # Given a long job whose pixels are known, in the middle of its denoise loop
    expected = undisturbed(fleet, **PATIENT)
    patient = fleet.client.generate(**PATIENT)
    fleet.wait_for_phase(patient.id, "denoise", step=20)

    # When an urgent one comes
    urgent = fleet.client.generate(**URGENT)

    # Then it is done first, and the long one goes on from the step at which it gave way, in the same attempt
    finish(fleet, urgent.id)
    assert not fleet.ledger.jobs.status(patient.id).state.terminal
    status = finish(fleet, patient.id)
    assert (status.attempt, status.preemptions) == (1, 1)
    assert resumed_step(status) >= 20
    assert content_of(status) == expected


def test_job_gives_way_no_more_often_than_the_setting_allows(fleet):
    # Given a job that gave way once, which is as often as it may
    patient = fleet.client.generate(**PATIENT)
    fleet.wait_for_phase(patient.id, "denoise", step=20)
    finish(fleet, fleet.client.generate(**URGENT).id)
    fleet.wait_for_phase(patient.id, "denoise", step=40)

    # When another urgent one comes
    urgent = fleet.client.generate(**URGENT)

    # Then that one waits
    finish(fleet, patient.id)
    assert fleet.ledger.jobs.status(patient.id).preemptions == 1
    finish(fleet, urgent.id)


@pytest.mark.parametrize("change", [{"preemptible": False}, {"priority": 0}], ids=["not preemptible", "same priority"])
def test_job_that_need_not_give_way_is_left_alone(fleet, change):
    # Given a job that says so, or is as urgent itself
    job = fleet.client.generate(**{**PATIENT, **change})
    fleet.wait_for_phase(job.id, "denoise", step=20)

    # When an urgent one waits
    urgent = fleet.client.generate(**URGENT)

    # Then it waits until the other is done
    status = finish(fleet, job.id)
    assert status.preemptions == 0
    finish(fleet, urgent.id)


def test_idle_worker_takes_the_urgent_job_and_nobody_gives_way(fleet):
    # Given a second worker without work
    fleet.start("gpu", slot=1)
    patient = fleet.client.generate(**PATIENT)
    fleet.wait_for_phase(patient.id, "denoise", step=20)

    # When an urgent job comes
    finish(fleet, fleet.client.generate(**URGENT).id)

    # Then the long one was not stopped
    assert fleet.ledger.jobs.status(patient.id).preemptions == 0
    patient.abort()
    wait_until(lambda: fleet.ledger.jobs.status(patient.id).state is JobState.ABORTED, what="the end")
