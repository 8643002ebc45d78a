"""Who gets a job, and in which attempt."""

from __future__ import annotations

import pytest

from reelfleet.contract.errors import ContractMismatch, ErrorCode, LeaseLost
from reelfleet.contract.job import JobState
from reelfleet.contract.names import Stage
from reelfleet.ledger.answers import Refusal, RefusalReason
from reelfleet.ledger.types import Claim
from tests.unit.ledger.builders import (
    HOST,
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


def reason_of(answer: Claim | Refusal) -> RefusalReason:
    assert isinstance(answer, Refusal), answer
    assert answer.detail
    return answer.reason


def test_the_first_claim_starts_attempt_1(ledger):
    answer = claim(ledger, submit(ledger), worker="gpu0@host-a")

    assert isinstance(answer, Claim)
    assert answer.lease.attempt == 1
    assert answer.job.state is JobState.RUNNING
    assert answer.job.worker == "gpu0@host-a"
    assert answer.job.started is not None
    assert ledger.steward.waiting_counts() == {}


def test_a_claimed_job_is_refused_to_another_worker(ledger):
    lease = held_job(ledger)

    assert reason_of(claim(ledger, lease.job_id, worker="gpu1@host-a")) is RefusalReason.HELD


def test_a_job_is_refused_to_its_own_worker_too_when_a_ticket_comes_twice(ledger):
    lease = held_job(ledger, worker="gpu0@host-a")

    assert reason_of(claim(ledger, lease.job_id, worker="gpu0@host-a")) is RefusalReason.HELD


def test_a_claim_that_is_repeated_with_its_token_gets_the_answer_that_it_missed(ledger):
    job_id = submit(ledger)
    ask = {"worker": "gpu0@host-a", "host": HOST, "lease_ms": 60_000, "token": "claim-1"}

    first = ledger.jobs.claim(job_id, Stage.GENERATE, **ask)
    again = ledger.jobs.claim(job_id, Stage.GENERATE, **ask)

    assert isinstance(again, Claim)
    assert isinstance(first, Claim)
    assert again.lease == first.lease
    assert kinds(ledger, job_id).count("claimed") == 1


def test_fences_grow_with_every_claim(ledger):
    lease = held_job(ledger)
    fences = [lease.fence]
    for _ in range(5):
        ledger.jobs.hand_on(lease, stage=Stage.GENERATE, queue=QUEUE)
        lease = hold_of(ledger, lease.job_id)
        fences.append(lease.fence)

    assert fences == sorted(set(fences))


def test_a_stage_that_was_handed_on_starts_no_attempt(ledger):
    assert delivering_job(ledger).attempt == 1


def test_a_claim_after_a_lease_that_ran_out_starts_the_next_attempt(ledger):
    lease = held_job(ledger)
    let_lease_run_out(ledger, lease)

    taken = hold_of(ledger, lease.job_id, worker="gpu1@host-a")

    assert taken.attempt == 2
    assert taken.fence > lease.fence
    with pytest.raises(LeaseLost):
        ledger.jobs.renew(lease, lease_ms=1000)


def test_the_attempt_after_the_last_is_never_started(ledger):
    job_id = submit(ledger, max_attempts=2)
    for _ in range(2):
        let_lease_run_out(ledger, hold_of(ledger, job_id))

    assert reason_of(claim(ledger, job_id)) is RefusalReason.QUARANTINED

    status = ledger.jobs.status(job_id)
    assert status.state is JobState.QUARANTINED
    assert status.attempt == 2
    assert kinds(ledger, job_id).count("finished") == 1
    assert status.error is not None
    assert status.error.code is ErrorCode.QUARANTINED


def test_an_unknown_job_is_refused(ledger):
    assert reason_of(claim(ledger, "no-such-job")) is RefusalReason.UNKNOWN


def test_a_ticket_of_another_stage_is_refused(ledger):
    lease = held_job(ledger)
    hand_on_to_deliver(ledger, lease)

    assert reason_of(claim(ledger, lease.job_id, stage=Stage.GENERATE)) is RefusalReason.WRONG_STAGE


def test_a_stage_that_reads_a_hosts_frames_is_refused_to_other_hosts(ledger):
    lease = held_job(ledger)
    hand_on_to_deliver(ledger, lease)

    assert reason_of(claim(ledger, lease.job_id, stage=Stage.DELIVER, host="host-b")) is RefusalReason.WRONG_HOST
    assert isinstance(claim(ledger, lease.job_id, stage=Stage.DELIVER, host=HOST), Claim)


@pytest.mark.parametrize("scope", ["fleet", f"queue:{QUEUE}", "worker:gpu0@host-a"])
def test_a_claim_in_a_paused_scope_is_refused_and_the_job_waits_on(ledger, scope):
    job_id = submit(ledger)
    ledger.pauses.pause(scope, "operator")

    assert reason_of(claim(ledger, job_id, worker="gpu0@host-a")) is RefusalReason.PAUSED
    assert ledger.jobs.status(job_id).state is JobState.QUEUED

    ledger.pauses.resume(scope)
    # Its ticket was spent, so it is due at once, however patient the steward is.
    assert [due.job_id for due in ledger.steward.overdue(QUEUE, older_than_ms=3_600_000)] == [job_id]
    assert isinstance(claim(ledger, job_id, worker="gpu0@host-a"), Claim)


def test_a_paused_job_is_refused(ledger):
    job_id = submit(ledger)
    ledger.jobs.pause(job_id)

    assert reason_of(claim(ledger, job_id)) is RefusalReason.PAUSED


def test_a_job_that_waits_out_a_delay_is_refused(ledger):
    lease = held_job(ledger)
    ledger.jobs.fail(lease, error(), backoff_s=60)

    assert reason_of(claim(ledger, lease.job_id)) is RefusalReason.NOT_YET


def test_a_job_whose_deadline_has_passed_is_refused_and_ends(ledger):
    job_id = submit(ledger, timeout_s=600)
    let_time_run_out(ledger, job_id)

    assert reason_of(claim(ledger, job_id)) is RefusalReason.TIMED_OUT

    status = ledger.jobs.status(job_id)
    assert status.state is JobState.FAILED
    assert status.error is not None
    assert status.error.code is ErrorCode.TIMED_OUT
    # A second ticket is told the same.
    assert reason_of(claim(ledger, job_id)) is RefusalReason.TIMED_OUT


def test_an_aborted_job_is_refused(ledger):
    job_id = submit(ledger)
    ledger.jobs.abort(job_id)

    assert reason_of(claim(ledger, job_id)) is RefusalReason.ABORTED


def test_a_job_that_has_ended_is_refused(ledger):
    lease = delivering_job(ledger)
    ledger.jobs.succeed(lease, manifest_uri="file:///m", artifacts=[])

    assert reason_of(claim(ledger, lease.job_id, stage=Stage.DELIVER)) is RefusalReason.FINISHED


def test_a_job_that_another_version_wrote_fails_with_that_reason(ledger, redis_client):
    job_id = submit(ledger)
    redis_client.hset(f"reel:job:{job_id}", "request", '{"model": "tiny-wan", "prompt": "a kite", "seed": "1", "mood": "fine"}')

    with pytest.raises(ContractMismatch, match="mood"):
        claim(ledger, job_id)

    status = ledger.jobs.status(job_id)
    assert status.state is JobState.FAILED
    assert status.error is not None
    assert status.error.code is ErrorCode.CONTRACT_MISMATCH
