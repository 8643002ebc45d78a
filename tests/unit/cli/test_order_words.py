"""What an order says to the person who gave it is true a moment later, too."""

from __future__ import annotations

import pytest

KITE = {"model": "clip-model", "prompt": "a red kite"}


@pytest.fixture
def job(fleet, catalogue):
    return fleet.generate(**KITE, queue_anyway=True)


def test_a_running_job_that_is_paused_is_not_called_running(reel, job, worker):
    worker.claim(job.id)

    assert reel("pause", job.id).err.startswith(f"job {job.id} is held at its next step")


def test_a_held_job_that_is_resumed_is_not_called_paused(reel, job, worker, ledger):
    # Given a job that stands still at a step
    lease = worker.claim(job.id)
    reel("pause", job.id)
    ledger.jobs.hold(lease)

    # When it is resumed, before its worker has looked
    said = reel("resume", job.id).err

    assert said.startswith(f"job {job.id} goes on in a moment")


def test_the_priority_of_an_ended_job_stays_and_the_order_says_so(reel, job):
    job.abort()

    assert "has ended (aborted); its priority stays 5" in reel("priority", job.id, "0").err


def test_status_of_the_fleet_tells_who_paused_and_why(reel, fleet):
    fleet.pause(fleet=True, reason="night")

    (line,) = [line for line in reel("status").lines if line.startswith("paused")]

    assert line.startswith("paused    fleet, by ")
    assert line.endswith(": night")
