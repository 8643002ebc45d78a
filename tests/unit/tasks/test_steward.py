from __future__ import annotations

import pytest
from redis import Redis

from config.settings import load_settings
from reelfleet.contract.job import JobState
from reelfleet.contract.names import Stage
from reelfleet.tickets import issue_ticket, producer_app, ticket_lists
from tasks.steward import Steward
from tests.fixtures.waiting import wait_until
from tests.unit.ledger.builders import (
    HOST_QUEUE,
    QUEUE,
    delivering_job,
    hand_on_to_deliver,
    held_job,
    let_lease_run_out,
    let_time_run_out,
    submit,
    wait_past,
)


@pytest.fixture
def tickets(redis_url):
    app = producer_app(redis_url)
    yield app
    app.close()


@pytest.fixture
def make_steward(ledger, tickets):
    """A steward that takes a ticket for lost at once, on a Redis that has been up for longer than a lease."""
    wait_until(lambda: ledger.steward.server_uptime_s() >= 1, what="Redis to have been up for a second")

    def make(name: str = "cpu0@host-a", **settings) -> Steward:
        return Steward(
            ledger, tickets, load_settings(**{"reissue_after_s": 0.001, "lease_s": 0.001, "keep_alive_s": 0.0005, **settings}), name
        )

    return make


@pytest.fixture
def tickets_in(redis_url):
    """How many tickets lie in a queue."""
    client = Redis.from_url(redis_url)
    yield lambda queue: sum(client.llen(name) for name in ticket_lists(queue))
    client.close()


def test_job_whose_worker_vanished_gets_a_ticket_for_its_next_attempt(ledger, make_steward, tickets_in):
    # Given a job whose lease ran out
    lease = held_job(ledger)
    let_lease_run_out(ledger, lease)

    # When the steward sweeps
    make_steward().turn()

    # Then it waits again, with a ticket
    assert ledger.jobs.status(lease.job_id).state is JobState.QUEUED
    assert tickets_in(QUEUE) == 1


def test_job_whose_workers_vanished_in_every_attempt_is_quarantined(ledger, make_steward, tickets_in):
    lease = held_job(ledger, max_attempts=1)
    let_lease_run_out(ledger, lease)

    make_steward().turn()

    assert ledger.jobs.status(lease.job_id).state is JobState.QUARANTINED
    assert tickets_in(QUEUE) == 0


def test_lost_ticket_is_issued_again_and_once(ledger, make_steward, tickets_in):
    # Given a waiting job without a ticket
    job_id = submit(ledger)
    wait_past(ledger, ledger.jobs.status(job_id).created)

    # When stewards sweep again and again
    for _ in range(3):
        make_steward().turn()

    # Then one ticket lies in the queue
    assert tickets_in(QUEUE) == 1


def test_ticket_that_only_waits_long_is_not_issued_again(ledger, make_steward, tickets, tickets_in):
    # Given a waiting job with a ticket
    job_id = submit(ledger)
    issue_ticket(tickets, job_id, Stage.GENERATE, queue=QUEUE, priority=5)
    wait_past(ledger, ledger.jobs.status(job_id).created)

    # When the steward sweeps
    make_steward().turn()

    # Then there is no second one
    assert tickets_in(QUEUE) == 1


def test_job_whose_frames_lie_on_a_dead_host_is_generated_again(ledger, make_steward, tickets_in):
    # Given a generated job, and no cpu worker on the host of its frames
    lease = held_job(ledger)
    hand_on_to_deliver(ledger, lease)
    wait_past(ledger, ledger.jobs.status(lease.job_id).created)

    # When the steward sweeps
    make_steward().turn()

    # Then the job is back at its GPU queue
    assert ledger.jobs.row(lease.job_id).stage is Stage.GENERATE
    assert (tickets_in(QUEUE), tickets_in(HOST_QUEUE)) == (1, 0)


def test_delivery_whose_worker_vanished_stays_with_its_frames(ledger, make_steward, tickets_in):
    # Given a job whose cpu worker vanished while it delivered
    lease = delivering_job(ledger)
    let_lease_run_out(ledger, lease)

    # When the steward sweeps, before it can take the host for dead
    make_steward(reissue_after_s=60).turn()

    # Then the frames are delivered in the next attempt
    assert ledger.jobs.row(lease.job_id).stage is Stage.DELIVER
    assert tickets_in(HOST_QUEUE) == 1


def test_waiting_job_past_its_deadline_ends_as_timed_out(ledger, make_steward):
    job_id = submit(ledger, timeout_s=60)
    let_time_run_out(ledger, job_id)

    make_steward().turn()

    status = ledger.jobs.status(job_id)
    assert (status.state, status.error.code.value) == (JobState.FAILED, "timed_out")


def test_only_one_of_two_stewards_acts(ledger, make_steward, tickets_in):
    # Given a steward that has the turn
    first, second = make_steward("cpu0@host-a"), make_steward("cpu0@host-b")
    first.turn()
    lease = held_job(ledger)
    let_lease_run_out(ledger, lease)

    # When the other one comes by
    second.turn()

    # Then it leaves the job alone
    assert ledger.jobs.status(lease.job_id).state is JobState.RUNNING


def test_leases_are_left_alone_for_one_lease_length_after_redis_started(ledger, make_steward):
    # Given a lease that ran out while Redis was down, and a Redis that has been up for less than a lease
    lease = held_job(ledger)
    let_lease_run_out(ledger, lease)

    # When the steward comes by
    make_steward(lease_s=100_000, keep_alive_s=1).turn()

    # Then the holder still has its chance to renew
    assert ledger.jobs.status(lease.job_id).state is JobState.RUNNING
