"""Tickets may come twice, never, or for jobs that have ended: the ledger decides."""

from __future__ import annotations

import pytest

from reelfleet.contract.job import JobState
from reelfleet.contract.names import Stage, gpu_queue
from reelfleet.contract.request import GenerateRequest
from reelfleet.ledger.types import NewJob
from reelfleet.submission import new_job_id
from reelfleet.tickets import issue_ticket, producer_app

pytestmark = pytest.mark.xdist_group("shared_fleet")

QUICK_JOB = {"model": "tiny-wan", "prompt": "a paper boat", "steps": 2, "size": "64x64", "frames": 5}


def test_ticket_delivered_many_times_makes_one_result(shared_fleet):
    # Given a job of which five tickets are published
    fleet = shared_fleet
    job = fleet.client.generate(**{**QUICK_JOB, "steps": 60})
    app = producer_app(fleet.redis.url)
    for _ in range(5):
        issue_ticket(app, job.id, Stage.GENERATE, queue=gpu_queue("tiny-wan"), priority=0)

    # When it is done
    status = fleet.wait_for_state(job.id, JobState.SUCCEEDED)

    # Then one attempt made one commit
    assert status.attempt == 1
    attempts = list((fleet.folder / "store" / "jobs" / job.id / "attempts").iterdir())
    assert len(attempts) == 1


def test_job_whose_ticket_never_came_gets_another(shared_fleet):
    # Given a job in the ledger whose producer died before it published the ticket
    fleet = shared_fleet
    request = GenerateRequest(model="tiny-flux", prompt="a lighthouse", steps=2, size="32x32")
    asked = request.settle()
    queue = gpu_queue("tiny-flux")
    job = NewJob(new_job_id(), asked, request.sha256(), Stage.GENERATE, queue, max_attempts=3)

    # When nobody but the ledger knows of it
    fleet.ledger.jobs.submit(job)

    # Then the steward issues a ticket and the job is done
    assert fleet.wait_for_state(job.job_id, JobState.SUCCEEDED).attempt == 1


def test_ticket_of_an_unknown_job_is_dropped_and_the_worker_goes_on(shared_fleet):
    # Given a ticket of a job that nobody submitted
    fleet = shared_fleet
    issue_ticket(producer_app(fleet.redis.url), "0" * 32, Stage.GENERATE, queue=gpu_queue("tiny-wan"), priority=0)

    # When a real job follows
    job = fleet.client.generate(**QUICK_JOB)

    # Then it is done
    assert fleet.wait_for_state(job.id, JobState.SUCCEEDED).attempt == 1
