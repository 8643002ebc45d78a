from __future__ import annotations

import threading
import time

import pytest

from config.settings import load_settings
from reelfleet.contract.errors import Aborted, BrokerUnavailable, LeaseLost, TimedOut
from reelfleet.contract.job import Phase
from reelfleet.ledger import Ledger
from reelfleet.ledger.types import CheckpointRef
from tasks.stages.give_back import GiveBack
from tasks.stages.observer import LedgerObserver
from tests.fixtures.waiting import wait_until
from tests.unit.ledger.builders import held_job, hold_of, let_lease_run_out, let_time_run_out


@pytest.fixture
def observe(ledger):
    """Watch a lease; returns the observer and what it announced."""

    def make(lease, **settings):
        announced = []
        chosen, checkpoints = settings.pop("ledger", ledger), settings.pop("checkpoints", None)
        return LedgerObserver(chosen, lease, load_settings(**settings), announced.append, checkpoints), announced

    return make


class RecordingKeeper:
    """Stands where checkpoints are kept, and remembers them."""

    def __init__(self) -> None:
        self.kept, self.offered = [], []

    def keep(self, take) -> bool:
        self.kept.append(take())
        return True

    def offer(self, take, *, last: bool) -> None:  # noqa: ARG002 - the interface of a keeper
        self.offered.append(take())


class Interrupted:
    """A ledger whose Redis can be away."""

    def __init__(self, ledger) -> None:
        self._ledger, self.answers, self.asked = ledger, True, 0

    @property
    def jobs(self):
        self.asked += 1
        if not self.answers:
            raise BrokerUnavailable("away")
        return self._ledger.jobs


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


def test_paused_job_is_given_back_at_its_next_step(ledger, observe):
    # Given a job that is paused while it runs
    lease = held_job(ledger)
    observer, _ = observe(lease)
    observer.phase(Phase.DENOISE, 10)
    ledger.jobs.pause(lease.job_id)

    # Then its next step is the last for now
    with pytest.raises(GiveBack, match="paused") as stopped:
        observer.advance(1, 10)
    assert stopped.value.note == ""


@pytest.mark.parametrize("order", ["pause of the fleet", "drain", "more urgent job"])
def test_stage_that_has_to_give_way_is_given_back(ledger, observe, order):
    lease = held_job(ledger)
    observer, _ = observe(lease)
    if order == "drain":
        ledger.workers.request_drain(lease.worker)
    elif order == "pause of the fleet":
        ledger.pauses.pause("fleet", "operator")
    else:
        ledger.jobs.order_yield(lease.job_id, max_preemptions=1, by="urgent")

    with pytest.raises(GiveBack, match="gives way"):
        observer.phase(Phase.ENCODE)


def test_state_is_kept_before_a_job_is_given_back(ledger, observe):
    # Given a run that can go on from its steps, and that is paused
    lease = held_job(ledger)
    keeper = RecordingKeeper()
    observer, _ = observe(lease, checkpoints=keeper)
    observer.phase(Phase.DENOISE, 10)
    ledger.jobs.pause(lease.job_id)

    # When its next step ends
    with pytest.raises(GiveBack):
        observer.advance(4, 10, take=lambda: "the state after step 4")

    # Then that state was kept
    assert keeper.kept == ["the state after step 4"]


def test_run_that_cannot_go_on_in_the_middle_says_so_when_it_is_given_back(ledger, observe):
    lease = held_job(ledger)
    observer, _ = observe(lease, checkpoints=RecordingKeeper())
    observer.phase(Phase.DENOISE, 10)
    ledger.jobs.pause(lease.job_id)

    with pytest.raises(GiveBack) as stopped:
        observer.advance(4, 10)

    assert "starts over" in stopped.value.note


def test_rate_of_a_resumed_run_counts_its_own_steps_alone(ledger, observe):
    # Given a run that goes on after step 900 of 1000
    lease = held_job(ledger)
    observer, _ = observe(lease)
    began = time.monotonic()
    observer.phase(Phase.DENOISE, 1000)

    # When it takes its first step
    observer.advance(901, 1000)

    # Then its rate is that of one step, not of nine hundred
    assert 0 < observer.progress.rate * (time.monotonic() - began) < 100


def test_work_goes_on_while_redis_is_away(observe, ledger):
    # Given a lease, and a ledger that nobody answers
    lease = held_job(ledger)
    observer, announced = observe(lease, ledger=Ledger.connect("redis://127.0.0.1:1/0"))

    # When steps are done
    observer.advance(1, 10)
    observer.advance(2, 10)

    # Then nothing is raised, and nothing is announced that the ledger does not know
    assert announced == []


def test_stage_that_could_not_renew_for_a_whole_lease_stands_still_until_redis_answers(observe, ledger, redis_url):
    # Given a lease that has run out while Redis did not answer
    lease = held_job(ledger)
    away = Interrupted(ledger)
    observer, _ = observe(lease, ledger=away, lease_s=0.3, keep_alive_s=0.1)
    away.answers = False
    began = time.monotonic()
    wait_until(lambda: time.monotonic() - began > 0.3, what="the lease to run out")
    step = threading.Thread(target=observer.advance, args=(1, 10))

    # When the next step ends
    step.start()
    wait_until(lambda: away.asked > 2, what="several tries")

    # Then it does not go on before Redis is back
    assert step.is_alive()
    away.answers = True
    step.join(timeout=30)
    assert not step.is_alive()


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


def test_checkpoint_that_was_refused_is_named_no_more_and_the_job_says_why(ledger, observe):
    lease = held_job(ledger)
    ledger.jobs.keep_checkpoint(lease, CheckpointRef("key", 3, 10))
    observer, _ = observe(lease)

    observer.refused("the checkpoint of step 3/10 is refused: a byte of it changed")

    assert ledger.jobs.row(lease.job_id).checkpoint is None
    assert ledger.jobs.status(lease.job_id).notes == ("the checkpoint of step 3/10 is refused: a byte of it changed",)
