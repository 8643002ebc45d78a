"""Jobs that give way to more urgent ones."""

from __future__ import annotations

import pytest

from reelfleet.contract.errors import JobNotFound
from reelfleet.contract.job import JobState, Want
from reelfleet.ledger.answers import Order
from tests.unit.ledger.builders import (
    QUEUE,
    delivering_job,
    error,
    hand_on_to_deliver,
    held_job,
    hold_of,
    let_lease_run_out,
    redis_now,
    submit,
    wait_past,
)


def order_yield(ledger, job_id: str, *, most: int = 2) -> bool:
    return ledger.jobs.order_yield(job_id, max_preemptions=most, by="urgent-job")


def test_a_running_job_gives_way_and_goes_on_later_in_the_same_attempt(ledger):
    lease = held_job(ledger, max_attempts=1)

    assert order_yield(ledger, lease.job_id)
    assert ledger.jobs.renew(lease, lease_ms=60_000) is Order.YIELD
    given = ledger.jobs.give_back(lease)

    row = ledger.jobs.row(lease.job_id)
    assert (given.state, row.want, row.preemptions) == (JobState.QUEUED, Want.RUN, 1)
    assert ledger.jobs.status(lease.job_id).preemptions == 1
    again = hold_of(ledger, lease.job_id)
    assert again.attempt == 1
    assert ledger.jobs.renew(again, lease_ms=60_000) is Order.GO


def test_the_order_tells_for_whom(ledger):
    lease = held_job(ledger)

    order_yield(ledger, lease.job_id)

    assert ledger.events.read(lease.job_id)[-1].message == "yield to urgent-job"


def test_a_job_gives_way_so_many_times_and_no_more(ledger):
    lease = held_job(ledger)
    for _ in range(2):
        assert order_yield(ledger, lease.job_id, most=2)
        ledger.jobs.give_back(lease)
        lease = hold_of(ledger, lease.job_id)

    assert not order_yield(ledger, lease.job_id, most=2)
    assert ledger.jobs.renew(lease, lease_ms=60_000) is Order.GO


def test_a_job_that_was_given_back_for_another_reason_was_not_preempted(ledger):
    lease = held_job(ledger)

    ledger.jobs.give_back(lease)

    assert ledger.jobs.row(lease.job_id).preemptions == 0


@pytest.mark.parametrize(
    "why_not", ["not preemptible", "queued", "vanished", "delivering", "decided", "to pause", "to abort", "ordered before", "ended"]
)
def test_a_job_that_need_not_or_cannot_give_way_is_not_told_to(ledger, why_not):
    job_id = submit(ledger) if why_not == "queued" else held_job(ledger, preemptible=why_not != "not preemptible").job_id
    lease = ledger.jobs.row(job_id).lease
    {
        "vanished": lambda: let_lease_run_out(ledger, lease),
        "delivering": lambda: (hand_on_to_deliver(ledger, lease), hold_of(ledger, job_id, stage="deliver")),
        "decided": lambda: ledger.jobs.decide(lease, b"manifest"),
        "to pause": lambda: ledger.jobs.pause(job_id),
        "to abort": lambda: ledger.jobs.abort(job_id),
        "ordered before": lambda: order_yield(ledger, job_id),
        "ended": lambda: ledger.jobs.fail(lease, error(retryable=False)),
    }.get(why_not, lambda: None)()
    before = ledger.jobs.row(job_id)

    assert not order_yield(ledger, job_id)
    assert ledger.jobs.row(job_id) == before


def test_an_unknown_job_cannot_give_way(ledger):
    with pytest.raises(JobNotFound):
        order_yield(ledger, "no-such-job")


@pytest.mark.parametrize("end", ["handed on", "failed", "vanished"])
def test_a_job_that_left_its_device_otherwise_has_given_way_without_being_preempted(ledger, end):
    lease = held_job(ledger)
    order_yield(ledger, lease.job_id)

    {
        "handed on": lambda: hand_on_to_deliver(ledger, lease),
        "failed": lambda: ledger.jobs.fail(lease, error()),
        "vanished": lambda: ledger.jobs.abandon(lease.job_id, worker=lease.worker),
    }[end]()

    row = ledger.jobs.row(lease.job_id)
    assert (row.want, row.preemptions) == (Want.RUN, 0)


def test_a_delivery_does_not_hear_of_a_preemption(ledger, redis_client):
    lease = delivering_job(ledger)
    redis_client.hset(f"reel:job:{lease.job_id}", "want", "yield")

    assert ledger.jobs.renew(lease, lease_ms=60_000) is Order.GO


def test_a_pause_overrides_a_preemption(ledger):
    lease = held_job(ledger)
    order_yield(ledger, lease.job_id)

    ledger.jobs.pause(lease.job_id)

    assert ledger.jobs.renew(lease, lease_ms=60_000) is Order.PAUSE
    assert ledger.jobs.give_back(lease).state is JobState.PAUSED
    assert ledger.jobs.row(lease.job_id).preemptions == 0


def urgent(ledger) -> dict[str, str]:
    return {waiting.queue: waiting.job_id for waiting in ledger.steward.most_urgent()}


def test_the_most_urgent_job_of_a_queue_has_the_best_priority_and_then_is_the_oldest(ledger):
    jobs = []
    for priority in (5, 2, 2, 0, 9):
        jobs.append(submit(ledger, priority=priority))
        wait_past(ledger, ledger.jobs.row(jobs[-1]).created)
    other = submit(ledger, queue="reel.gpu.other")

    order = []
    for _ in jobs:
        order.append(urgent(ledger)[QUEUE])
        hold_of(ledger, order[-1])

    assert order == [jobs[3], jobs[1], jobs[2], jobs[0], jobs[4]]
    assert urgent(ledger) == {"reel.gpu.other": other}


def test_the_most_urgent_job_says_its_priority_and_how_long_it_waits_this_time(ledger):
    lease = held_job(ledger, priority=3)
    wait_past(ledger, redis_now(ledger))
    before = redis_now(ledger)
    ledger.jobs.give_back(lease)

    (waiting,) = ledger.steward.most_urgent()

    assert (waiting.job_id, waiting.queue, waiting.priority) == (lease.job_id, QUEUE, 3)
    assert 0 <= waiting.waited_s <= (redis_now(ledger) - before).total_seconds() + 0.002


def test_a_new_ticket_does_not_start_the_wait_anew(ledger, redis_client):
    job_id = submit(ledger)
    since = redis_client.hget(f"reel:job:{job_id}", "waiting_since")
    wait_past(ledger, redis_now(ledger))

    ledger.jobs.ticketed(job_id)
    ledger.jobs.set_priority(job_id, 1)

    assert redis_client.hget(f"reel:job:{job_id}", "waiting_since") == since


def test_a_job_whose_priority_rises_becomes_the_most_urgent(ledger):
    submit(ledger, priority=3)
    later = submit(ledger, priority=5)

    ledger.jobs.set_priority(later, 1)

    assert urgent(ledger) == {QUEUE: later}


def test_nothing_is_urgent_on_a_paused_queue(ledger):
    submit(ledger)
    other = submit(ledger, queue="reel.gpu.other")

    ledger.pauses.pause(f"queue:{QUEUE}", "operator")
    assert urgent(ledger) == {"reel.gpu.other": other}

    ledger.pauses.pause("fleet", "operator")
    assert urgent(ledger) == {}


def test_jobs_that_do_not_wait_are_not_urgent(ledger):
    paused, delayed = submit(ledger, priority=0), held_job(ledger, priority=0)
    ledger.jobs.pause(paused)
    ledger.jobs.fail(delayed, error(), backoff_s=60)

    assert urgent(ledger) == {}
