"""A job that is given back goes on later, within the same attempt."""

from __future__ import annotations

import pytest

from reelfleet.contract.errors import ErrorCode, LeaseLost
from reelfleet.contract.job import JobState, Want
from reelfleet.contract.names import Stage
from reelfleet.ledger.answers import RefusalReason
from reelfleet.ledger.types import GivenBack, TicketDue
from tests.unit.ledger.builders import (
    HOST_QUEUE,
    QUEUE,
    claim,
    delivering_job,
    denoise,
    hand_on_to_deliver,
    held_job,
    hold_of,
    kinds,
    let_time_run_out,
    submit,
)


def messages(ledger, job_id, kind):
    return [event.message for event in ledger.events.read(job_id) if event.kind.value == kind]


def test_a_job_that_is_given_back_waits_on_its_queue_and_needs_a_ticket(ledger):
    lease = held_job(ledger, priority=3)

    given = ledger.jobs.give_back(lease, note="the worker drains")

    assert given == GivenBack(JobState.QUEUED, TicketDue(lease.job_id, Stage.GENERATE, QUEUE, 3))
    assert ledger.steward.waiting_counts() == {QUEUE: 1}
    assert messages(ledger, lease.job_id, "yielded") == ["the worker drains"]
    with pytest.raises(LeaseLost):
        ledger.jobs.renew(lease, lease_ms=1000)


def test_a_job_that_was_given_back_goes_on_in_the_same_attempt_under_a_higher_fence(ledger):
    lease = held_job(ledger, max_attempts=1)

    for _ in range(5):
        ledger.jobs.give_back(lease)
        before, lease = lease, hold_of(ledger, lease.job_id, worker="gpu1@host-a")
        assert (lease.attempt, lease.fence > before.fence) == (1, True)


def test_a_delivery_that_is_given_back_waits_on_its_host(ledger):
    lease = delivering_job(ledger)

    given = ledger.jobs.give_back(lease)

    assert (given.state, given.ticket.stage, given.ticket.queue) == (JobState.QUEUED, Stage.DELIVER, HOST_QUEUE)
    assert ledger.jobs.row(lease.job_id).spool == "frames"
    assert claim(ledger, lease.job_id, stage=Stage.DELIVER, host="host-b").reason is RefusalReason.WRONG_HOST


def test_a_stage_that_is_handed_on_after_it_was_given_back_once_is_between_two_stages(ledger):
    lease = held_job(ledger)
    ledger.jobs.give_back(lease)

    assert hand_on_to_deliver(ledger, hold_of(ledger, lease.job_id)) is JobState.RUNNING


def test_a_job_that_was_paused_while_it_ran_is_paused_when_it_is_given_back(ledger):
    lease = held_job(ledger)
    ledger.jobs.pause(lease.job_id, "maintenance tonight")

    assert ledger.jobs.give_back(lease) == GivenBack(JobState.PAUSED, None)

    row = ledger.jobs.row(lease.job_id)
    assert (row.state, row.holder, row.pause_reason) == (JobState.PAUSED, None, "maintenance tonight")
    assert messages(ledger, lease.job_id, "paused") == ["maintenance tonight"]
    assert messages(ledger, lease.job_id, "ordered") == ["pause: maintenance tonight"]
    assert claim(ledger, lease.job_id).reason is RefusalReason.PAUSED
    assert ledger.steward.waiting_counts() == {}


def test_a_job_that_was_paused_and_given_back_is_resumed_in_the_same_attempt(ledger):
    lease = held_job(ledger, max_attempts=1)
    ledger.jobs.pause(lease.job_id, "night")
    ledger.jobs.give_back(lease)

    due = ledger.jobs.resume(lease.job_id)

    row = ledger.jobs.row(lease.job_id)
    assert (row.state, row.pause_reason, due.queue) == (JobState.QUEUED, None, QUEUE)
    assert hold_of(ledger, lease.job_id).attempt == 1


def test_a_job_that_is_resumed_before_its_holder_gave_it_back_waits_again(ledger):
    lease = held_job(ledger)
    ledger.jobs.pause(lease.job_id)
    ledger.jobs.resume(lease.job_id)

    given = ledger.jobs.give_back(lease)

    assert (given.state, given.ticket is not None) == (JobState.QUEUED, True)


def test_a_paused_job_that_was_given_back_is_aborted_at_once(ledger):
    lease = held_job(ledger)
    ledger.jobs.renew(lease, lease_ms=60_000, progress=denoise(4, of=9))
    ledger.jobs.pause(lease.job_id)
    ledger.jobs.give_back(lease)

    assert ledger.jobs.abort(lease.job_id, "enough") is JobState.ABORTED
    assert ledger.jobs.status(lease.job_id).error.details["at"] == "denoise 4/9"


def test_a_paused_job_that_was_given_back_ends_at_its_deadline(ledger):
    lease = held_job(ledger, timeout_s=600)
    ledger.jobs.pause(lease.job_id)
    ledger.jobs.give_back(lease)
    let_time_run_out(ledger, lease.job_id)

    assert ledger.steward.time_out_overdue() == [lease.job_id]
    assert ledger.jobs.status(lease.job_id).error.code is ErrorCode.TIMED_OUT


def test_a_job_that_is_to_be_aborted_ends_when_it_is_given_back(ledger):
    lease = held_job(ledger)
    ledger.jobs.abort(lease.job_id)

    assert ledger.jobs.give_back(lease) == GivenBack(JobState.ABORTED, None)


def test_a_job_out_of_time_ends_when_it_is_given_back(ledger):
    lease = held_job(ledger, timeout_s=600)
    let_time_run_out(ledger, lease.job_id)

    assert ledger.jobs.give_back(lease) == GivenBack(JobState.FAILED, None)


@pytest.mark.parametrize("scope", ["fleet", f"queue:{QUEUE}"])
def test_the_ticket_of_a_job_in_a_paused_scope_is_due_when_the_pause_ends(ledger, scope):
    lease = held_job(ledger)
    ledger.pauses.pause(scope, "operator")

    assert ledger.jobs.give_back(lease) == GivenBack(JobState.QUEUED, None)
    assert ledger.steward.overdue(QUEUE, older_than_ms=0) == []

    ledger.pauses.resume(scope)
    # At once, however patient the steward is.
    assert [due.job_id for due in ledger.steward.overdue(QUEUE, older_than_ms=3_600_000)] == [lease.job_id]


def test_the_job_of_a_paused_worker_is_for_another_worker_at_once(ledger):
    lease = held_job(ledger, worker="gpu0@host-a")
    ledger.pauses.pause("worker:gpu0@host-a", "operator")

    assert ledger.jobs.give_back(lease).ticket is not None
    assert claim(ledger, lease.job_id, worker="gpu0@host-a").reason is RefusalReason.PAUSED
    assert hold_of(ledger, lease.job_id, worker="gpu1@host-a").attempt == 1


def test_a_worker_that_drains_does_not_get_the_job_again_that_it_gave_back(ledger):
    lease = held_job(ledger, worker="gpu0@host-a")
    ledger.workers.request_drain("gpu0@host-a")
    ledger.jobs.give_back(lease)

    assert claim(ledger, lease.job_id, worker="gpu0@host-a").reason is RefusalReason.DRAINING
    # The refused claim spent the ticket, so that another is due at once.
    assert [due.job_id for due in ledger.steward.overdue(QUEUE, older_than_ms=3_600_000)] == [lease.job_id]
    assert hold_of(ledger, lease.job_id, worker="gpu1@host-a").attempt == 1


def test_a_give_back_that_is_sent_again_after_the_next_claim_makes_no_ticket(ledger):
    lease = held_job(ledger)
    ledger.jobs.give_back(lease)
    successor = hold_of(ledger, lease.job_id, worker="gpu1@host-a")

    assert ledger.jobs.give_back(lease) == GivenBack(JobState.RUNNING, None)
    assert ledger.jobs.row(lease.job_id).lease == successor


def test_an_attempt_that_vanishes_after_it_was_given_back_counts(ledger):
    lease = held_job(ledger, max_attempts=2)
    ledger.jobs.give_back(lease)
    again = hold_of(ledger, lease.job_id)

    ledger.jobs.abandon(lease.job_id, worker=again.worker)

    assert hold_of(ledger, lease.job_id).attempt == 2


def test_a_pause_after_the_result_was_decided_comes_too_late(ledger):
    lease = delivering_job(ledger)
    ledger.jobs.decide(lease, b"manifest")

    assert ledger.jobs.pause(lease.job_id) is JobState.RUNNING
    assert ledger.jobs.row(lease.job_id).want is Want.RUN
    assert "too late" in ledger.events.read(lease.job_id)[-1].message


def test_a_pause_that_the_decision_overtook_is_void(ledger):
    # Given a job that was paused, and whose holder decided the result before it heard of that
    lease = delivering_job(ledger)
    ledger.jobs.pause(lease.job_id, "night")
    ledger.jobs.decide(lease, b"manifest")

    # When the holder vanishes
    due = ledger.jobs.abandon(lease.job_id, worker=lease.worker)

    # Then the job is delivered and not paused
    assert due is not None
    assert (ledger.jobs.row(lease.job_id).state, ledger.jobs.row(lease.job_id).pause_reason) == (JobState.QUEUED, None)


def test_resuming_a_job_in_a_paused_queue_makes_no_ticket_yet(ledger):
    job_id = submit(ledger)
    ledger.jobs.pause(job_id)
    ledger.pauses.pause(f"queue:{QUEUE}", "operator")

    assert ledger.jobs.resume(job_id) is None
    ledger.pauses.resume(f"queue:{QUEUE}")
    assert [due.job_id for due in ledger.steward.overdue(QUEUE, older_than_ms=3_600_000)] == [job_id]
    assert kinds(ledger, job_id) == ["submitted", "paused", "resumed"]
