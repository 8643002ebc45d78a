"""A host that is cut off from Redis and the store: what it does meanwhile does not count, and it takes part again afterwards."""

from __future__ import annotations

import hashlib

import pytest

from reelfleet.contract.event import EventKind
from reelfleet.contract.job import JobState
from reelfleet.contract.manifest import Manifest
from reelfleet.store import open_store
from tests.chaos.host import Host
from tests.fixtures.waiting import wait_until

pytestmark = [pytest.mark.xdist_group("partition"), pytest.mark.timeout(300)]

LONG = {"model": "tiny-wan", "prompt": "a red kite over the dunes", "seed": 7, "steps": 600, "size": "64x64", "frames": 9}
SHORT = {"model": "tiny-flux", "prompt": "a lighthouse", "seed": 1, "steps": 2, "size": "32x32"}


@pytest.fixture
def fleet(make_fleet, s3_store_url):
    return make_fleet(store_url=s3_store_url, env={"REEL_MODELS": "tiny-wan,tiny-flux"})


@pytest.fixture
def far(fleet, s3_server, tmp_path):
    """A host whose wires can be blocked."""
    host = Host("far", tmp_path / "hosts", redis_port=fleet.redis.port, store_port=s3_server.port)
    yield host
    host.remove()


def start_both(fleet, slot: int, **env: str) -> tuple:
    gpu, cpu = (fleet.start(role, slot, wait=False, **env) for role in ("gpu", "cpu"))
    fleet.wait_for(gpu)
    fleet.wait_for(cpu)
    return gpu, cpu


def manifest_of(fleet, job_id: str) -> Manifest:
    return Manifest.model_validate_json(open_store(fleet.store_url).get_bytes(f"jobs/{job_id}/manifest.json"))


def test_host_cut_off_while_it_generates_commits_nothing_and_serves_again_afterwards(fleet, far):
    # Given a job in the middle of its denoise loop on a host, which is then cut off
    gpu, _ = start_both(fleet, 1, **far.env)
    job = fleet.client.generate(**LONG)
    fleet.wait_for_phase(job.id, "denoise", step=20)
    far.partition()
    wait_until(lambda: "stands still" in gpu.tail(), what="the job to stand still once its lease has run out")

    # When workers of another host are there
    near = start_both(fleet, 0)

    # Then they finish the job, one attempt later, and commit it once
    status = fleet.wait_for_state(job.id, JobState.SUCCEEDED)
    assert status.attempt == 2
    assert not status.worker.endswith("@far")

    # And when the host is back, it drops what it had, leaves the result as it is, and takes the next job
    committed = manifest_of(fleet, job.id)
    far.reconnect(cut=False)
    wait_until(lambda: "no longer held under fence" in gpu.tail(), what="the host to hear that the job is no longer its own")
    for worker in near:
        worker.terminate()
    following = fleet.client.generate(**SHORT)
    assert fleet.wait_for_state(following.id, JobState.SUCCEEDED).worker == "cpu1@far"
    assert manifest_of(fleet, job.id) == committed
    wait_until(lambda: not (far.spool / job.id).exists(), what="the frames of the lost attempt to be removed")


def test_host_cut_off_while_it_commits_does_not_replace_the_result_of_the_other(fleet, far):
    # Given a host that reaches the store and no longer Redis, while it delivers
    start_both(fleet, 1, **far.env)
    far.store.block()
    job = fleet.client.generate(**{**LONG, "steps": 2})
    fleet.wait_for_phase(job.id, "upload")
    far.broker.block()
    far.store.heal()

    # When another host is there
    start_both(fleet, 0)

    # Then the job is made and committed there, and stays so when the first host is back
    fleet.wait_for_state(job.id, JobState.SUCCEEDED)
    committed = manifest_of(fleet, job.id)
    far.broker.heal()
    following = [fleet.client.generate(**SHORT) for _ in range(4)]
    for one in following:
        fleet.wait_for_state(one.id, JobState.SUCCEEDED)
    store = open_store(fleet.store_url)
    assert manifest_of(fleet, job.id) == committed
    for artifact in committed.predicate.artifacts:
        assert hashlib.sha256(store.get_bytes(artifact.key)).hexdigest() == artifact.sha256
    assert [event.kind for event in fleet.ledger.events.read(job.id)].count(EventKind.FINISHED) == 1
