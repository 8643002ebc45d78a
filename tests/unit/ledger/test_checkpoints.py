"""Which checkpoint a job goes on from, and which ones can go."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reelfleet.contract.job import CheckpointMark, JobState
from reelfleet.ledger import Ledger
from reelfleet.ledger.retention import Retention
from reelfleet.ledger.types import CheckpointRef
from tests.unit.ledger.builders import claim, error, held_job, hold_of, submit, wait_past

REF = CheckpointRef("jobs/j/checkpoints/1.safetensors", 3, 10)


def checkpointed_job(ledger, **changes):
    lease = held_job(ledger, **changes)
    ledger.jobs.keep_checkpoint(lease, REF)
    return lease


def test_the_newest_checkpoint_is_the_one_that_counts(ledger):
    lease = checkpointed_job(ledger)
    newer = CheckpointRef("jobs/j/checkpoints/1.safetensors", 7, 10)

    ledger.jobs.keep_checkpoint(lease, newer)

    assert ledger.jobs.row(lease.job_id).checkpoint == newer
    assert ledger.jobs.status(lease.job_id).checkpoint == CheckpointMark(step=7, of=10)
    assert ledger.jobs.row(lease.job_id).status() == ledger.jobs.status(lease.job_id)


def test_whoever_claims_the_job_next_learns_of_its_checkpoint(ledger):
    lease = checkpointed_job(ledger)
    ledger.jobs.abandon(lease.job_id, worker=lease.worker)

    assert claim(ledger, lease.job_id, worker="gpu1@host-a").job.checkpoint == REF


def test_a_checkpoint_that_was_refused_is_named_no_more(ledger):
    lease = checkpointed_job(ledger)

    ledger.jobs.drop_checkpoint(lease)

    assert ledger.jobs.row(lease.job_id).checkpoint is None
    assert ledger.jobs.status(lease.job_id).checkpoint is None


def test_a_job_can_begin_at_the_checkpoint_of_another(ledger):
    job_id = submit(ledger, checkpoint=REF)

    assert claim(ledger, job_id).job.checkpoint == REF


@pytest.mark.parametrize("end", ["succeeded", "aborted"])
def test_a_job_that_needs_no_checkpoint_any_more_names_none_and_it_can_be_removed(ledger, end):
    lease = checkpointed_job(ledger)

    if end == "succeeded":
        ledger.jobs.succeed(lease, manifest_uri="file:///m", artifacts=[])
    else:
        ledger.jobs.give_back(lease)
        ledger.jobs.abort(lease.job_id)

    assert ledger.jobs.row(lease.job_id).checkpoint is None
    assert ledger.steward.useless_checkpoints() == [lease.job_id]
    ledger.steward.checkpoints_removed(lease.job_id)
    assert ledger.steward.useless_checkpoints() == []


@pytest.mark.parametrize("end", ["failed", "quarantined"])
def test_a_job_that_may_be_tried_again_keeps_its_checkpoint(ledger, end):
    lease = checkpointed_job(ledger, max_attempts=1)

    if end == "failed":
        ledger.jobs.fail(lease, error(retryable=False))
    else:
        ledger.jobs.abandon(lease.job_id, worker=lease.worker)

    assert ledger.jobs.row(lease.job_id).state is JobState(end)
    assert ledger.jobs.row(lease.job_id).checkpoint == REF
    assert ledger.steward.useless_checkpoints() == []


def test_the_checkpoint_of_a_job_that_is_forgotten_can_be_removed(redis_url):
    forgetful = Ledger.connect(redis_url, retention=Retention(rows=timedelta(milliseconds=1)))
    lease = checkpointed_job(forgetful)
    forgetful.jobs.fail(lease, error(retryable=False))
    wait_past(forgetful, forgetful.jobs.row(lease.job_id).finished)

    forgetful.jobs.abort(submit(forgetful))

    assert forgetful.steward.useless_checkpoints() == [lease.job_id]


def test_a_checkpoint_whose_writer_died_before_it_could_name_it_is_not_forgotten(ledger):
    # Given a job whose holder said that it stores a checkpoint, and then vanished
    lease = held_job(ledger)
    ledger.jobs.begin_checkpoint(lease)
    ledger.jobs.abandon(lease.job_id, worker=lease.worker)

    # When the job ends
    ledger.jobs.abort(lease.job_id)

    # Then the store is looked through
    assert ledger.steward.useless_checkpoints() == [lease.job_id]


def test_a_job_that_refused_the_checkpoint_of_another_leaves_none_of_its_own(ledger):
    lease = held_job(ledger, checkpoint=REF)
    ledger.jobs.drop_checkpoint(lease)

    ledger.jobs.abort(lease.job_id)
    ledger.jobs.end_aborted(lease)

    assert ledger.steward.useless_checkpoints() == []


def test_jobs_without_a_checkpoint_leave_none_to_remove(ledger):
    lease = held_job(ledger)
    ledger.jobs.succeed(lease, manifest_uri="file:///m", artifacts=[])
    ledger.jobs.abort(submit(ledger))

    assert ledger.steward.useless_checkpoints() == []


def test_a_checkpoint_outlives_pauses_and_retries(ledger):
    lease = checkpointed_job(ledger)
    ledger.jobs.pause(lease.job_id)
    ledger.jobs.give_back(lease)
    ledger.jobs.resume(lease.job_id)
    lease = hold_of(ledger, lease.job_id)
    ledger.jobs.fail(lease, error())

    assert hold_of(ledger, lease.job_id).attempt == 2
    assert ledger.jobs.row(lease.job_id).checkpoint == REF
