from __future__ import annotations

import threading

import pytest

from config.settings import load_settings
from reelfleet.contract.errors import Aborted, LeaseLost, TimedOut
from reelfleet.contract.job import JobState, Phase
from reelfleet.ledger import Ledger
from tasks.stages.observer import LedgerObserver
from tests.fixtures.waiting import wait_until
from tests.unit.ledger.builders import held_job, hold_of, let_lease_run_out, let_time_run_out


@pytest.fixture
def observe(ledger):
    """Watch a lease; returns the observer and what it announced."""

    def make(lease, **settings):
        announced = []
        return LedgerObserver(settings.pop("ledger", ledger), lease, load_settings(**settings), announced.append), announced

    return make


def test_each_denoise_step_reaches_the_ledger(ledger, observe):
    # Given a job that denoises
    lease = held_job(ledger)
    observer, announced = observe(lease)
    observer.phase(Phase.DENOISE, 10)

    # When a step is done
    observer.advance(3, 10)

    # Then the ledger knows it, and so does Flower
    assert ledger.jobs.status(lease.job_id).progress.step == 3
    assert str(announced[-1]) == "denoise 3/10"


def test_abort_is_heard_at_the_next_step(ledger, observe):
    lease = held_job(ledger)
    observer, _ = observe(lease)
    ledger.jobs.abort(lease.job_id, "no longer needed")

    with pytest.raises(Aborted):
        observer.advance(1, 10)


def test_deadline_is_heard_at_the_next_step(ledger, observe):
    lease = held_job(ledger, timeout_s=60)
    observer, _ = observe(lease)
    let_time_run_out(ledger, lease.job_id)

    with pytest.raises(TimedOut):
        observer.phase(Phase.ENCODE)


def test_holder_that_was_replaced_is_stopped(ledger, observe):
    # Given a worker whose lease ran out and whose job was claimed by another
    lease = held_job(ledger)
    observer, _ = observe(lease)
    let_lease_run_out(ledger, lease)
    hold_of(ledger, lease.job_id, worker="gpu1@host-b")

    # Then its next step is its last
    with pytest.raises(LeaseLost):
        observer.advance(1, 10)


def test_paused_job_waits_in_its_step_until_it_is_resumed(ledger, observe):
    # Given a job that was paused while it runs
    lease = held_job(ledger)
    observer, _ = observe(lease)
    ledger.jobs.pause(lease.job_id)
    step = threading.Thread(target=observer.advance, args=(1, 10))

    # When its next step ends
    step.start()
    wait_until(lambda: ledger.jobs.status(lease.job_id).state is JobState.PAUSED, what="the job to be held")
    assert step.is_alive()

    # Then it goes on after the resume
    ledger.jobs.resume(lease.job_id)
    step.join(timeout=30)
    assert ledger.jobs.status(lease.job_id).state is JobState.RUNNING


def test_work_goes_on_while_redis_is_away(observe, ledger):
    # Given a lease, and a ledger that nobody answers
    lease = held_job(ledger)
    observer, announced = observe(lease, ledger=Ledger.connect("redis://127.0.0.1:1/0"))

    # When steps are done
    observer.advance(1, 10)
    observer.advance(2, 10)

    # Then nothing is raised, and nothing is announced that the ledger does not know
    assert announced == []


def test_time_limit_of_a_decode_is_not_renewed_by_its_frames(ledger, observe):
    # Given a decode that has begun
    lease = held_job(ledger)
    observer, _ = observe(lease, decode_limit_s=100)
    observer.phase(Phase.DECODE, 5)
    until = ledger.jobs.row(lease.job_id).phase_until

    # When its last frame is done
    observer.advance(5, 5)

    # Then the limit is where it was
    assert ledger.jobs.row(lease.job_id).phase_until == until
