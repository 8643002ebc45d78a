"""What an order says to the person who gave it is true a moment later, too."""

from __future__ import annotations

import pytest

KITE = {"model": "clip-model", "prompt": "a red kite"}


@pytest.fixture
def job(fleet, catalogue):
    return fleet.generate(**KITE, queue_anyway=True)


def test_a_running_job_that_is_paused_is_not_called_running(reel, job, worker):
    worker.claim(job.id)

    assert reel("pause", job.id).err.startswith(f"job {job.id} pauses at its next step")


def test_a_job_that_is_resumed_before_it_has_paused_goes_on(reel, job, worker):
    worker.claim(job.id)
    reel("pause", job.id)

    assert reel("resume", job.id).err.startswith(f"job {job.id} goes on")


def test_a_paused_job_that_is_resumed_waits_for_a_worker(reel, job):
    reel("pause", job.id)

    assert reel("resume", job.id).err.startswith(f"job {job.id} waits for a worker")


def test_the_priority_of_an_ended_job_stays_and_the_order_says_so(reel, job):
    job.abort()

    assert "has ended (aborted); its priority stays 5" in reel("priority", job.id, "0").err


def test_status_of_the_fleet_tells_who_paused_and_why(reel, fleet):
    fleet.pause(fleet=True, reason="night")

    (line,) = [line for line in reel("status").lines if line.startswith("paused")]

    assert line.startswith("paused    fleet, by ")
    assert line.endswith(": night")
