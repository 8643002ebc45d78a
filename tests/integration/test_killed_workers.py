"""A worker that is killed in any stage costs an attempt and nothing else: the job finishes, committed once, with the same pixels."""

from __future__ import annotations

import pytest

from reelfleet.contract.job import JobState
from tests.fixtures.waiting import wait_until

pytestmark = pytest.mark.xdist_group("killed")

LONG = {"model": "tiny-wan", "prompt": "a red kite over the dunes", "seed": 7, "steps": 600, "size": "64x64", "frames": 9}


@pytest.fixture
def fleet(make_fleet):
    fleet = make_fleet()
    gpu, cpu = fleet.start("gpu", wait=False), fleet.start("cpu", wait=False)
    fleet.wait_for(gpu)
    fleet.wait_for(cpu)
    return fleet


def content_of(fleet, job_id: str) -> list[str]:
    return [artifact.content_sha256 for artifact in fleet.ledger.jobs.status(job_id).artifacts]


def manifests_of(fleet, job_id: str) -> list[str]:
    return sorted(path.name for path in (fleet.folder / "store" / "jobs" / job_id).glob("manifest*.json"))


def test_child_killed_while_denoising_is_replaced_and_the_job_finishes_with_the_same_pixels(fleet):
    # Given a job whose pixels are known, and the same one again in the middle of its denoise loop
    undisturbed = fleet.client.generate(**LONG)
    fleet.wait_for_state(undisturbed.id, JobState.SUCCEEDED)
    job = fleet.client.generate(**LONG)
    fleet.wait_for_phase(job.id, "denoise", step=20)

    # When the pool's child is killed
    fleet.workers[0].kill_child()

    # Then the second attempt finishes, with one manifest and the same pixels
    status = fleet.wait_for_state(job.id, JobState.SUCCEEDED)
    assert status.attempt == 2
    assert manifests_of(fleet, job.id) == ["manifest.json"]
    assert content_of(fleet, job.id) == content_of(fleet, undisturbed.id)


def test_worker_killed_while_denoising_is_followed_by_another_worker(fleet):
    # Given a job in the middle of its denoise loop
    job = fleet.client.generate(**LONG)
    fleet.wait_for_phase(job.id, "denoise", step=20)

    # When the whole worker is killed and another one starts
    fleet.workers[0].kill()
    fleet.start("gpu", slot=1)

    # Then that one finishes the job on its second attempt
    status = fleet.wait_for_state(job.id, JobState.SUCCEEDED)
    assert status.attempt == 2
    assert status.worker.startswith("cpu")
    assert manifests_of(fleet, job.id) == ["manifest.json"]


@pytest.mark.parametrize("phase", ["write", "upload"])
def test_cpu_worker_killed_while_delivering_leaves_one_manifest(fleet, phase):
    # Given a job whose result is being written or uploaded
    job = fleet.client.generate(**{**LONG, "steps": 4, "size": "256x256", "frames": 65})
    fleet.wait_for_phase(job.id, phase)

    # When the cpu worker is killed and another one starts on the same host
    fleet.workers[1].kill()
    fleet.start("cpu", slot=1)

    # Then the frames in the spool are delivered by the second attempt, once
    status = fleet.wait_for_state(job.id, JobState.SUCCEEDED)
    assert status.attempt == 2
    assert manifests_of(fleet, job.id) == ["manifest.json"]
    wait_until(lambda: not (fleet.folder / "spool" / job.id).exists(), what="the spool to be removed")


def test_job_that_kills_every_worker_is_quarantined_with_a_diagnosis(fleet):
    # Given a job that is killed in each of its attempts
    job = fleet.client.generate(**LONG)
    for attempt in (1, 2, 3):
        fleet.wait_for_attempt(job.id, attempt)
        fleet.wait_for_phase(job.id, "denoise", step=5)
        fleet.workers[0].kill_child()

    # Then it is not started a fourth time, and says where it was
    status = fleet.wait_for_state(job.id, JobState.QUARANTINED)
    assert status.attempt == 3
    assert status.error.details["phase"] == "denoise"
