"""Tickets may come twice, never, or for jobs that have ended: the ledger decides."""

from __future__ import annotations

import pytest
from redis import Redis

from reelfleet.contract.job import JobState
from reelfleet.contract.names import Stage, gpu_queue
from reelfleet.tickets import issue_ticket, producer_app, ticket_lists

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


def test_lost_ticket_is_issued_again(shared_fleet):
    # Given a job whose ticket is taken away before a worker draws it
    fleet = shared_fleet
    fleet.client.pause(queue=gpu_queue("tiny-flux"))
    job = fleet.client.generate(model="tiny-flux", prompt="a lighthouse", steps=2)
    redis = Redis.from_url(fleet.redis.url)
    assert sum(redis.delete(name) for name in ticket_lists(gpu_queue("tiny-flux"))) == 1

    # When the queue goes on
    fleet.client.resume(queue=gpu_queue("tiny-flux"))

    # Then the steward issues another ticket and the job is done
    assert fleet.wait_for_state(job.id, JobState.SUCCEEDED).attempt == 1


def test_ticket_of_an_unknown_job_is_dropped_and_the_worker_goes_on(shared_fleet):
    # Given a ticket of a job that nobody submitted
    fleet = shared_fleet
    issue_ticket(producer_app(fleet.redis.url), "0" * 32, Stage.GENERATE, queue=gpu_queue("tiny-wan"), priority=0)

    # When a real job follows
    job = fleet.client.generate(**QUICK_JOB)

    # Then it is done
    assert fleet.wait_for_state(job.id, JobState.SUCCEEDED).attempt == 1
