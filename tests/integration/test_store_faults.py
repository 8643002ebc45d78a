"""A store that fails: retried with patience; when it stays away, the frames are kept for the next attempt."""

from __future__ import annotations

import pytest

from reelfleet.contract.event import EventKind
from reelfleet.contract.job import JobState
from tests.fixtures.fleet import running_fleet
from tests.fixtures.waiting import wait_until

pytestmark = pytest.mark.xdist_group("store_faults")

CLIP = {"model": "tiny-wan", "prompt": "a red kite", "seed": 7, "steps": 2, "size": "64x64", "frames": 5}
IMPATIENT = {"REEL_STORE_RETRY_ATTEMPTS": "3", "REEL_STORE_RETRY_BASE_S": "0.05", "REEL_STORE_RETRY_MAX_S": "0.1"}
SHORT_LIMITS = {"REEL_ABORT_GRACE_S": "0.5", "REEL_UPLOAD_LIMIT_S": "4"}


@pytest.fixture
def fleet(tmp_path, model_cache, s3_store_url, faulty_s3):
    """A fleet whose store can be told to fail."""
    with running_fleet(tmp_path / "fleet", model_cache, store_url=s3_store_url, env=IMPATIENT | SHORT_LIMITS) as fleet:
        yield fleet


def test_store_that_answers_500_twice_costs_no_attempt(fleet, faulty_s3):
    # Given a store that fails twice on an artifact
    faulty_s3.add("status", times=2, status=500, method="PUT", path_part="/attempts/")

    # When a job is delivered
    job = fleet.client.generate(**CLIP)

    # Then its first attempt succeeds
    assert fleet.wait_for_state(job.id, JobState.SUCCEEDED).attempt == 1


def test_store_that_stays_away_costs_an_attempt_and_no_generation(fleet, faulty_s3):
    # Given a store that fails through every retry
    faulty_s3.add("status", times=10_000, status=503, method="PUT", path_part="/attempts/")
    job = fleet.client.generate(**CLIP)
    wait_until(lambda: fleet.ledger.jobs.status(job.id).attempt >= 2, what="a second attempt")

    # When it is back
    faulty_s3.clear()

    # Then the kept frames are delivered, without having been generated again
    fleet.wait_for_state(job.id, JobState.SUCCEEDED)
    events = fleet.ledger.events.read(job.id)
    assert [event.stage.value for event in events if event.kind is EventKind.CLAIMED].count("generate") == 1
    assert "store_unavailable" in {event.error.code.value for event in events if event.error}


def test_job_fails_with_the_stores_error_when_its_attempts_are_used_up(fleet, faulty_s3):
    # Given a store that takes nothing
    faulty_s3.add("status", times=10_000, status=503, method="PUT")

    # When a job cannot be delivered in any attempt
    job = fleet.client.generate(**CLIP)
    status = fleet.wait_for_state(job.id, JobState.FAILED)

    # Then the error says so and no frames are left
    assert (status.attempt, status.error.code.value) == (3, "store_unavailable")
    wait_until(lambda: not (fleet.folder / "spool" / job.id).exists(), what="the spool to be removed")


def test_answer_that_is_lost_after_the_manifest_was_written_makes_one_commit(fleet, faulty_s3):
    # Given a store that takes the manifest and loses its answer
    faulty_s3.add("lose_answer", times=1, method="PUT", path_part="manifest.json")

    # When a job is delivered
    job = fleet.client.generate(**CLIP)

    # Then it has succeeded on its first attempt
    assert fleet.wait_for_state(job.id, JobState.SUCCEEDED).attempt == 1


def test_abort_that_a_hanging_upload_does_not_hear_is_enforced(fleet, faulty_s3):
    # Given a job whose upload hangs
    faulty_s3.add("delay", times=1, seconds=30, method="PUT", path_part="/attempts/")
    job = fleet.client.generate(**CLIP)
    wait_until(lambda: faulty_s3.count("PUT", "/attempts/"), what="the upload to hang")

    # When it is aborted
    job.abort(reason="no longer needed")

    # Then it ends as aborted because its process is killed, and the worker delivers the next job
    assert fleet.wait_for_state(job.id, JobState.ABORTED).attempt == 1
    assert "did not stop within 0.5 s of its abort" in fleet.workers[1].tail()
    following = fleet.client.generate(**CLIP)
    assert fleet.wait_for_state(following.id, JobState.SUCCEEDED).attempt == 1


def test_upload_past_its_time_limit_is_ended_and_the_next_attempt_delivers(fleet, faulty_s3):
    # Given a job whose upload hangs for longer than uploads may take
    faulty_s3.add("delay", times=1, seconds=30, method="PUT", path_part="/attempts/")

    # When it is delivered
    job = fleet.client.generate(**CLIP)

    # Then its process is killed and the second attempt does it
    assert fleet.wait_for_state(job.id, JobState.SUCCEEDED).attempt == 2
    assert "took longer than it may" in fleet.workers[1].tail()
