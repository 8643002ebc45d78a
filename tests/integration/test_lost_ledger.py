"""What is not promised: a Redis that loses its data loses the jobs in it. What was delivered stays, and the fleet serves on."""

from __future__ import annotations

import os
import shutil
import signal

import pytest

from reelfleet.contract.errors import JobNotFound, UnknownModel
from reelfleet.contract.job import JobState
from reelfleet.contract.manifest import Manifest
from reelfleet.store import open_store
from tests.fixtures.waiting import wait_until

pytestmark = pytest.mark.xdist_group("lost_ledger")

LONG = {"model": "tiny-wan", "prompt": "a red kite", "seed": 7, "steps": 1000, "size": "64x64", "frames": 9}
SHORT = {"model": "tiny-flux", "prompt": "a lighthouse", "seed": 1, "steps": 2, "size": "32x32"}


@pytest.fixture
def fleet(make_fleet):
    fleet = make_fleet()
    fleet.start_both()
    return fleet


def lose_everything(fleet) -> None:
    os.kill(fleet.redis.pid, signal.SIGKILL)
    fleet.redis.stop()
    for kept in [*fleet.redis.folder.glob("appendonly*"), *fleet.redis.folder.glob("*.rdb")]:
        shutil.rmtree(kept) if kept.is_dir() else kept.unlink()
    fleet.redis.start()


def test_jobs_are_gone_with_the_ledger_and_what_was_delivered_is_not(fleet):
    # Given a job that was delivered and one in the middle of its denoise loop
    delivered = fleet.client.generate(**SHORT)
    fleet.wait_for_state(delivered.id, JobState.SUCCEEDED)
    running = fleet.client.generate(**LONG)
    fleet.wait_for_phase(running.id, "denoise", step=20)

    # When Redis comes back with nothing
    lose_everything(fleet)

    # Then nobody knows either job, the running one is dropped at a step, and the result still lies in the store
    with pytest.raises(JobNotFound):
        fleet.ledger.jobs.status(running.id)
    wait_until(lambda: "no longer held" in fleet.workers[0].tail(), what="the worker to drop the job that nobody knows")
    manifest = open_store(fleet.store_url).get_bytes(f"jobs/{delivered.id}/manifest.json")
    assert Manifest.model_validate_json(manifest).predicate.job_id == delivered.id
    assert [record["job_id"] for record in fleet.client.history()] == [delivered.id]

    # And the fleet makes itself known again and does the next job
    def accepted():
        try:
            return fleet.client.generate(**SHORT, queue_anyway=True)
        except UnknownModel:
            return None  # published again within half a minute

    following = wait_until(accepted, what="the models to be published again", timeout=90)
    assert fleet.wait_for_state(following.id, JobState.SUCCEEDED).attempt == 1
