"""Taking jobs in."""

from __future__ import annotations

import pytest

from reelfleet.contract.errors import IdempotencyConflict
from reelfleet.contract.job import JobState
from reelfleet.contract.names import Stage
from reelfleet.contract.request import GenerateRequest
from reelfleet.ledger.types import NewJob
from tests.unit.ledger.builders import QUEUE, kinds, new_job, submit


def test_a_submitted_job_waits_on_its_queue(ledger):
    job_id = submit(ledger, prompt="grüne Wolken ☁", seed=2**64 - 1, priority=3)

    row = ledger.jobs.row(job_id)
    assert (row.state, row.stage, row.queue, row.attempt, row.priority) == (JobState.QUEUED, Stage.GENERATE, QUEUE, 0, 3)
    assert row.request.prompt == "grüne Wolken ☁"
    assert row.request.seed == 2**64 - 1
    assert ledger.steward.waiting_counts() == {QUEUE: 1}
    assert kinds(ledger, job_id) == ["submitted"]


def test_the_same_idempotency_key_and_request_give_the_job_that_is_there(ledger):
    first = ledger.jobs.submit(new_job(idempotency_key="order 42"))

    # The seed is drawn anew at each submission; the request as it was asked is the same.
    second = ledger.jobs.submit(new_job(idempotency_key="order 42"))

    assert first.created
    assert not second.created
    assert second.job_id == first.job_id
    assert sum(ledger.jobs.count_by_state().values()) == 1


def test_the_same_idempotency_key_with_another_request_is_refused(ledger):
    first = submit(ledger, idempotency_key="order 42", prompt="a kite")

    with pytest.raises(IdempotencyConflict) as refused:
        submit(ledger, idempotency_key="order 42", prompt="a boat")

    assert refused.value.details == {"job_id": first}
    assert sum(ledger.jobs.count_by_state().values()) == 1


def test_an_idempotency_key_belongs_to_its_tenant(ledger):
    ours = submit(ledger, idempotency_key="order 42", tenant="us")
    theirs = submit(ledger, idempotency_key="order 42", tenant="them")

    assert ours != theirs


def test_an_idempotency_key_still_gives_its_job_when_that_has_ended(ledger):
    job_id = submit(ledger, idempotency_key="order 42")
    ledger.jobs.abort(job_id)

    assert submit(ledger, idempotency_key="order 42") == job_id


def test_a_submission_that_is_sent_again_because_its_answer_was_lost_is_no_second_job(ledger):
    new = new_job()
    ledger.jobs.submit(new)

    again = ledger.jobs.submit(new)

    assert again.job_id == new.job_id
    assert not again.created
    assert kinds(ledger, new.job_id) == ["submitted"]


def test_an_id_that_is_taken_by_another_request_is_refused(ledger):
    submit(ledger, job_id="job-x", prompt="a kite")

    with pytest.raises(IdempotencyConflict):
        submit(ledger, job_id="job-x", prompt="a boat")


def test_a_request_whose_seed_was_not_drawn_is_a_callers_mistake(ledger):
    request = GenerateRequest(model="tiny-wan", prompt="a kite")

    with pytest.raises(ValueError, match="draw the seed"):
        ledger.jobs.submit(NewJob("job-x", request, request.sha256(), Stage.GENERATE, QUEUE, 3))


def test_a_job_is_found_by_the_key_that_led_to_it(ledger):
    job_id = submit(ledger, idempotency_key="order 42")

    assert ledger.jobs.submitted_as(tenant="default", idempotency_key="order 42") == job_id
    assert ledger.jobs.submitted_as(tenant="other", idempotency_key="order 42") is None


def test_notes_of_a_submission_are_the_first_of_the_job(ledger):
    job_id = submit(ledger, notes=("a retry of job-1",))

    assert ledger.jobs.status(job_id).notes == ("a retry of job-1",)
