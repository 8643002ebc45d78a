"""A worker that is killed in any stage costs an attempt and nothing else: the job finishes, committed once, with the same pixels."""

from __future__ import annotations

import hashlib

import pytest
from PIL import Image

from reelfleet.contract.event import EventKind
from reelfleet.contract.job import JobState
from reelfleet.contract.manifest import Manifest
from reelfleet.store import open_store
from tests.fixtures.waiting import wait_until

pytestmark = pytest.mark.xdist_group("killed")

LONG = {"model": "tiny-wan", "prompt": "a red kite over the dunes", "seed": 7, "steps": 1000, "size": "64x64", "frames": 9}


@pytest.fixture
def fleet(make_fleet, s3_store_url, faulty_s3, tmp_path):
    """A fleet on S3; ``faulty_s3`` slows its answers, so that a phase lasts until the kill."""
    fleet = make_fleet(store_url=s3_store_url, env={"REEL_INPUT_ROOTS": tmp_path.as_uri()})
    fleet.start_both()
    return fleet


def content_of(fleet, job_id: str) -> list[str]:
    return [artifact.content_sha256 for artifact in fleet.ledger.jobs.status(job_id).artifacts]


def assert_delivered_once(fleet, job_id: str) -> None:
    """One manifest, and every artifact that it names is there with the bytes that it says."""
    store = open_store(fleet.store_url)
    manifest = Manifest.model_validate_json(store.get_bytes(f"jobs/{job_id}/manifest.json"))
    for artifact in manifest.predicate.artifacts:
        assert hashlib.sha256(store.get_bytes(artifact.key)).hexdigest() == artifact.sha256
    finished = [event for event in fleet.ledger.events.read(job_id) if event.kind is EventKind.FINISHED]
    assert len(finished) == 1


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
    assert_delivered_once(fleet, job.id)
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
    assert_delivered_once(fleet, job.id)


@pytest.mark.parametrize(
    ("phase", "slow_path", "attempts"),
    # Once the manifest is decided the result stands, and whoever writes it down starts no other attempt.
    [("upload", "/attempts/", 2), ("commit", "/manifest.json", 1)],
    ids=["upload", "commit"],
)
def test_cpu_worker_killed_while_delivering_is_followed_by_one_that_commits_once(fleet, faulty_s3, phase, slow_path, attempts):
    # Given a job whose result is being uploaded or committed
    faulty_s3.add("delay", times=1, seconds=20, method="PUT", path_part=slow_path)
    job = fleet.client.generate(**{**LONG, "steps": 2})
    wait_until(lambda: faulty_s3.count("PUT", slow_path), what=f"the {phase} to be under way")

    # When the cpu worker is killed and another one starts on the same host
    fleet.workers[1].kill()
    fleet.start("cpu", slot=1)

    # Then it delivers the frames in the spool, once, and removes them
    assert fleet.wait_for_state(job.id, JobState.SUCCEEDED).attempt == attempts
    assert_delivered_once(fleet, job.id)
    wait_until(lambda: not (fleet.folder / "spool" / job.id).exists(), what="the spool to be removed")


def test_cpu_worker_killed_while_encoding_is_followed_by_one_that_encodes_the_same_frames(fleet):
    # Given a job whose frames are being encoded, slowly
    job = fleet.client.generate(**{**LONG, "steps": 2, "size": "256x256", "frames": 49}, output={"container": "webm"})
    fleet.wait_for_phase(job.id, "write")

    # When the cpu worker is killed and another one starts on the same host
    fleet.workers[1].kill()
    fleet.start("cpu", slot=1)

    # Then the second attempt delivers, without a second generation
    assert fleet.wait_for_state(job.id, JobState.SUCCEEDED).attempt == 2
    assert_delivered_once(fleet, job.id)


def test_cpu_worker_killed_while_fetching_inputs_is_followed_by_another(fleet, faulty_s3, tmp_path):
    # Given a job whose start image is being copied into the store
    Image.new("RGB", (64, 64), "red").save(tmp_path / "start.png")
    faulty_s3.add("delay", times=1, seconds=20, method="PUT", path_part="/inputs/")
    uri = (tmp_path / "start.png").as_uri()
    job = fleet.client.generate(model="tiny-wan-i2v", prompt="x", image_start=uri, size="64x64", frames=5, steps=2)
    wait_until(lambda: faulty_s3.count("PUT", "/inputs/"), what="the copy to be under way")

    # When the cpu worker is killed and another one starts
    fleet.workers[1].kill()
    fleet.start("cpu", slot=1)

    # Then the job is done on its second attempt
    assert fleet.wait_for_state(job.id, JobState.SUCCEEDED).attempt == 2
    assert_delivered_once(fleet, job.id)


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
    assert "SIGKILL" in status.error.details["exit_signal"]
    assert status.error.details["device"]["kind"] == "cpu"
    assert [found.job_id for found in fleet.ledger.jobs.list(state=JobState.QUARANTINED)] == [job.id]
