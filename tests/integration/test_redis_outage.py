"""Redis may go away: producers are told, running work goes on, nothing is lost."""

from __future__ import annotations

import os
import signal

import pytest

from reelfleet import Fleet
from reelfleet.contract.errors import BrokerUnavailable
from reelfleet.contract.job import JobState
from tests.fixtures.waiting import wait_until

pytestmark = pytest.mark.xdist_group("redis_outage")

LONG = {"model": "tiny-wan", "prompt": "a red kite", "seed": 7, "steps": 1000, "size": "64x64", "frames": 9}


@pytest.fixture
def fleet(make_fleet):
    # A lease that outlives the retries of a busy machine; Redis' absence is what is tested.
    fleet = make_fleet(env={"REEL_LEASE_S": "6"})
    fleet.start_both()
    return fleet


def test_job_that_runs_while_redis_restarts_ends_on_its_first_attempt(fleet):
    # Given a job in the middle of its denoise loop
    job = fleet.client.generate(**LONG)
    before = fleet.wait_for_phase(job.id, "denoise", step=20)

    # When Redis is killed and comes back from its log
    os.kill(fleet.redis.pid, signal.SIGKILL)
    fleet.redis.stop()
    wait_until(lambda: "Redis is away" in fleet.workers[0].tail(), what="the worker to notice")
    fleet.redis.start()

    # Then the same attempt goes on and commits
    status = fleet.wait_for_state(job.id, JobState.SUCCEEDED)
    assert status.attempt == before.attempt == 1


def test_submission_without_redis_is_refused_with_a_typed_error(tmp_path):
    # Given a producer whose Redis is not there
    producer = Fleet(broker_url="redis://:secret@127.0.0.1:1/0", store_url=tmp_path.as_uri())

    # When it submits
    with pytest.raises(BrokerUnavailable) as refused:
        producer.generate(model="tiny-wan", prompt="a red kite")

    # Then it is told what to check, without the password
    assert "secret" not in str(refused.value)
    assert refused.value.retryable


def test_job_whose_result_is_ready_while_redis_is_away_is_handed_on_when_it_is_back(fleet):
    # Given a job near the end of its denoise loop
    job = fleet.client.generate(**LONG)
    fleet.wait_for_phase(job.id, "denoise", step=20)

    # When Redis is away until long after the last step
    os.kill(fleet.redis.pid, signal.SIGKILL)
    fleet.redis.stop()
    wait_until(lambda: "waiting for it" in fleet.workers[0].tail(), what="the finished worker to wait for Redis")
    fleet.redis.start()

    # Then nothing of its work is done again
    assert fleet.wait_for_state(job.id, JobState.SUCCEEDED).attempt == 1
