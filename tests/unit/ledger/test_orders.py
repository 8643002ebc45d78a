"""Orders from outside: abort, pause, resume, priority."""

from __future__ import annotations

import pytest

from reelfleet.contract.errors import ErrorCode, InvalidRequest, JobNotFound, LeaseLost
from reelfleet.contract.event import EventKind
from reelfleet.contract.job import JobState, Want
from reelfleet.contract.names import Stage
from reelfleet.ledger.answers import Order, Refusal
from tests.unit.ledger.builders import (
    HOST_QUEUE,
    QUEUE,
    claim,
    delivering_job,
    error,
    hand_on_to_deliver,
    held_job,
    hold_of,
    kinds,
    let_lease_run_out,
    let_time_run_out,
    submit,
)


def test_a_queued_job_is_aborted_at_once(ledger):
    job_id = submit(ledger)

    assert ledger.jobs.abort(job_id, "not needed") is JobState.ABORTED

    status = ledger.jobs.status(job_id)
    assert status.error is not None
    assert status.error.code is ErrorCode.ABORTED
    assert "not needed" in status.error.message
    assert ledger.steward.waiting_counts() == {}


def test_a_job_between_two_stages_is_aborted_at_once(ledger):
    lease = held_job(ledger)
    hand_on_to_deliver(ledger, lease)

    assert ledger.jobs.abort(lease.job_id) is JobState.ABORTED


def test_a_paused_job_is_aborted_at_once(ledger):
    job_id = submit(ledger)
    ledger.jobs.pause(job_id)

    assert ledger.jobs.abort(job_id) is JobState.ABORTED


def test_a_job_in_its_delay_is_aborted_at_once(ledger):
    lease = held_job(ledger)
    ledger.jobs.fail(lease, error(), backoff_s=60)

    assert ledger.jobs.abort(lease.job_id) is JobState.ABORTED


def test_a_held_job_is_aborted_by_its_holder(ledger):
    lease = held_job(ledger)

    assert ledger.jobs.abort(lease.job_id) is JobState.RUNNING
    assert ledger.jobs.row(lease.job_id).want is Want.ABORT
    assert kinds(ledger, lease.job_id)[-1] == "ordered"


def test_a_held_job_whose_holder_vanished_is_aborted_at_once(ledger):
    lease = held_job(ledger)
    let_lease_run_out(ledger, lease)

    assert ledger.jobs.abort(lease.job_id) is JobState.ABORTED
    with pytest.raises(LeaseLost):
        ledger.jobs.renew(lease, lease_ms=1000)


def test_an_abort_after_the_result_was_decided_comes_too_late(ledger):
    lease = delivering_job(ledger)
    ledger.jobs.decide(lease, b"manifest")

    assert ledger.jobs.abort(lease.job_id) is JobState.RUNNING
    assert "too late" in ledger.events.read(lease.job_id)[-1].message

    ledger.jobs.succeed(lease, manifest_uri="file:///m", artifacts=[])
    assert ledger.jobs.status(lease.job_id).state is JobState.SUCCEEDED


def test_a_second_abort_is_not_told_again(ledger):
    lease = held_job(ledger)

    ledger.jobs.abort(lease.job_id)
    ledger.jobs.abort(lease.job_id)

    assert kinds(ledger, lease.job_id).count("ordered") == 1


def test_a_queued_job_is_paused_at_once_and_out_of_reach(ledger):
    job_id = submit(ledger)

    assert ledger.jobs.pause(job_id) is JobState.PAUSED

    assert isinstance(claim(ledger, job_id), Refusal)
    assert ledger.steward.overdue(QUEUE, older_than_ms=0) == []


def test_a_job_that_is_paused_in_its_delay_does_not_wait_when_the_delay_is_over(ledger, redis_client):
    lease = held_job(ledger)
    ledger.jobs.fail(lease, error(), backoff_s=60)
    ledger.jobs.pause(lease.job_id)

    assert redis_client.zcard("reel:delayed") == 0
    assert ledger.jobs.status(lease.job_id).state is JobState.PAUSED


def test_a_resumed_job_that_nobody_holds_needs_a_ticket(ledger):
    job_id = submit(ledger, priority=2)
    ledger.jobs.pause(job_id)

    due = ledger.jobs.resume(job_id)

    assert due is not None
    assert (due.job_id, due.stage, due.queue, due.priority) == (job_id, Stage.GENERATE, QUEUE, 2)
    assert ledger.jobs.status(job_id).state is JobState.QUEUED
    assert hold_of(ledger, job_id).attempt == 1
    assert kinds(ledger, job_id) == ["submitted", "paused", "resumed", "claimed"]


def test_a_job_that_was_paused_between_stages_goes_on_in_the_same_attempt(ledger):
    lease = held_job(ledger)
    hand_on_to_deliver(ledger, lease)

    assert ledger.jobs.pause(lease.job_id) is JobState.PAUSED
    due = ledger.jobs.resume(lease.job_id)

    assert due is not None
    assert due.queue == HOST_QUEUE
    assert ledger.jobs.status(lease.job_id).state is JobState.RUNNING
    assert hold_of(ledger, lease.job_id, stage=Stage.DELIVER).attempt == 1


def test_a_pause_that_is_taken_back_before_the_holder_heard_of_it_changes_nothing(ledger):
    lease = held_job(ledger)

    assert ledger.jobs.pause(lease.job_id) is JobState.RUNNING
    assert ledger.jobs.resume(lease.job_id) is None
    assert ledger.jobs.renew(lease, lease_ms=60_000) is Order.GO


def test_orders_to_a_held_job_are_told(ledger):
    lease = held_job(ledger)

    ledger.jobs.pause(lease.job_id)
    ledger.jobs.resume(lease.job_id)
    ledger.jobs.set_priority(lease.job_id, 0)
    ledger.jobs.abort(lease.job_id)

    told = [event.message for event in ledger.events.read(lease.job_id) if event.kind is EventKind.ORDERED]
    assert told == ["pause", "resume", "priority 0", "abort"]


def test_a_job_that_is_resumed_when_its_time_is_over_ends_and_needs_no_ticket(ledger):
    job_id = submit(ledger, timeout_s=600)
    ledger.jobs.pause(job_id)
    let_time_run_out(ledger, job_id)

    assert ledger.jobs.resume(job_id) is None
    assert ledger.jobs.status(job_id).state is JobState.FAILED
    assert kinds(ledger, job_id)[-1] == "finished"


def test_a_job_whose_holder_vanished_before_it_heard_of_a_pause_is_paused(ledger):
    lease = held_job(ledger)
    ledger.jobs.pause(lease.job_id)
    let_lease_run_out(ledger, lease)

    (expired,) = ledger.steward.expire()

    assert (expired.state, expired.ticket) == (JobState.PAUSED, None)
    assert ledger.steward.waiting_counts() == {}
    assert ledger.jobs.resume(lease.job_id) is not None


def test_a_job_that_was_not_paused_needs_no_ticket_when_resumed(ledger):
    job_id = submit(ledger)

    assert ledger.jobs.resume(job_id) is None
    assert kinds(ledger, job_id) == ["submitted"]


def test_a_waiting_job_needs_a_ticket_of_its_new_priority(ledger):
    job_id = submit(ledger, priority=5)

    due = ledger.jobs.set_priority(job_id, 0)

    assert due is not None
    assert (due.job_id, due.priority) == (job_id, 0)
    assert ledger.jobs.status(job_id).priority == 0
    assert [again.job_id for again in ledger.steward.overdue(QUEUE, older_than_ms=3_600_000)] == [job_id]


def test_a_held_job_needs_no_ticket_for_its_new_priority(ledger):
    lease = held_job(ledger)

    assert ledger.jobs.set_priority(lease.job_id, 0) is None
    assert ledger.jobs.status(lease.job_id).priority == 0


def test_orders_for_an_unknown_job_say_so(ledger):
    for order in (
        ledger.jobs.abort,
        ledger.jobs.pause,
        ledger.jobs.resume,
        lambda job_id: ledger.jobs.set_priority(job_id, 1),
        lambda job_id: ledger.jobs.abandon(job_id, worker="gpu0@host-a"),
        lambda job_id: ledger.steward.reroute(job_id, Stage.GENERATE, QUEUE),
    ):
        with pytest.raises(JobNotFound):
            order("no-such-job")


def test_pauses_are_listed_with_who_and_why_until_they_are_taken_back(ledger):
    ledger.pauses.pause("fleet", "ada", "maintenance")
    ledger.pauses.pause(f"queue:{QUEUE}", "bob")

    pauses = ledger.pauses.all()
    assert set(pauses) == {"fleet", f"queue:{QUEUE}"}
    assert (pauses["fleet"].by, pauses["fleet"].reason) == ("ada", "maintenance")

    assert ledger.pauses.resume("fleet")
    assert not ledger.pauses.resume("fleet")
    assert set(ledger.pauses.all()) == {f"queue:{QUEUE}"}


def test_pauses_are_told_to_the_fleet(ledger):
    ledger.pauses.pause("worker:gpu0@host-a", "ada")
    ledger.pauses.resume("worker:gpu0@host-a")

    assert [(event.kind.value, event.job_id) for event in ledger.events.fleet()] == [("paused", None), ("resumed", None)]


@pytest.mark.parametrize("scope", ["", "queue", "queue:", "host:a", "Fleet"])
def test_a_scope_that_is_none_is_refused(ledger, scope):
    with pytest.raises(InvalidRequest, match="fleet"):
        ledger.pauses.pause(scope, "ada")
