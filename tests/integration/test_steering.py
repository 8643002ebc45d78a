"""Pause, resume, abort and drain reach running workers, from the client and from plain `celery control`."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from reelfleet.contract.errors import Aborted
from reelfleet.contract.job import JobState
from reelfleet.contract.names import gpu_queue
from reelfleet.contract.worker import WorkerState
from reelfleet.tickets import producer_app
from tests.fixtures.fleet import ROOT, running_fleet
from tests.fixtures.waiting import wait_until

pytestmark = pytest.mark.xdist_group("steering")

LONG = {"model": "tiny-wan", "prompt": "a red kite", "seed": 7, "steps": 1000, "size": "64x64", "frames": 9}
SHORT = {"model": "tiny-flux", "prompt": "a lighthouse", "seed": 1, "steps": 2}


@pytest.fixture(scope="module")
def fleet(tmp_path_factory, model_cache):
    with running_fleet(tmp_path_factory.mktemp("steering"), model_cache) as fleet:
        yield fleet


def celery(fleet, *words: str) -> dict:
    """Run ``celery -A tasks.app …`` as an operator would and return its JSON answer by worker."""
    done = subprocess.run(
        [sys.executable, "-m", "celery", "-A", "tasks.app", *words[:1], "--json", *words[1:]],
        cwd=ROOT,
        env=fleet.env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    answers = json.loads(done.stdout)
    # `control` prints a list with one object per worker, `inspect` one object.
    return answers if isinstance(answers, dict) else {worker: answer for one in answers for worker, answer in one.items()}


def test_abort_stops_a_running_job_and_leaves_the_worker_ready_for_the_next(fleet):
    # Given a job that is denoising
    job = fleet.client.generate(**LONG)
    fleet.wait_for_phase(job.id, "denoise", step=5)

    # When it is aborted
    job.abort(reason="wrong prompt")

    # Then it ends as aborted, says why, keeps no frames, and the next job of the same model is done
    with pytest.raises(Aborted, match="wrong prompt"):
        job.result(timeout=60)
    wait_until(lambda: not (fleet.folder / "spool" / job.id).exists(), what="the spool to be removed")
    following = fleet.client.generate(**{**LONG, "steps": 2})
    assert fleet.wait_for_state(following.id, JobState.SUCCEEDED).attempt == 1


def test_paused_job_takes_no_step_until_it_is_resumed(fleet):
    # Given a job that is denoising
    job = fleet.client.generate(**LONG)
    fleet.wait_for_phase(job.id, "denoise", step=5)

    # When it is paused
    job.pause()
    held = fleet.wait_for_state(job.id, JobState.PAUSED)

    # Then it takes no step until it is resumed, and then ends on the same attempt
    assert fleet.ledger.jobs.status(job.id).progress.step == held.progress.step
    job.resume()
    assert fleet.wait_for_state(job.id, JobState.SUCCEEDED).attempt == 1


def test_paused_job_can_be_aborted(fleet):
    # Given a paused job
    job = fleet.client.generate(**LONG)
    fleet.wait_for_phase(job.id, "denoise", step=5)
    job.pause()
    fleet.wait_for_state(job.id, JobState.PAUSED)

    # When it is aborted
    job.abort()

    # Then it ends without being resumed
    fleet.wait_for_state(job.id, JobState.ABORTED)


def test_paused_queue_gives_no_job_until_it_is_resumed(fleet):
    # Given a paused queue with a job in it, and a job of another queue behind it
    queue = gpu_queue("tiny-flux")
    fleet.client.pause(queue=queue)
    waiting = fleet.client.generate(**SHORT)
    other = fleet.client.generate(**{**LONG, "steps": 2})

    # When the other job is done
    fleet.wait_for_state(other.id, JobState.SUCCEEDED)

    # Then the one of the paused queue still waits, and is done after the resume
    assert fleet.ledger.jobs.status(waiting.id).state is JobState.QUEUED
    fleet.client.resume(queue=queue)
    fleet.wait_for_state(waiting.id, JobState.SUCCEEDED)


def test_celery_control_pauses_and_resumes_the_fleet_durably(fleet):
    # Given an operator without the CLI
    answers = celery(fleet, "control", "reel_pause", "fleet")

    # Then every worker says so and the ledger knows
    assert {worker.split("@")[0] for worker in answers} == {"gpu0", "cpu0"}
    assert all(answer["ok"] for answer in answers.values())
    assert "fleet" in fleet.ledger.pauses.all()
    wait_until(
        lambda: {info.state for info in fleet.ledger.workers.all()} == {WorkerState.PAUSED}, what="the workers to say that they are paused"
    )

    # When it is resumed the same way
    celery(fleet, "control", "reel_resume", "fleet")

    # Then jobs run again
    job = fleet.client.generate(**SHORT)
    fleet.wait_for_state(job.id, JobState.SUCCEEDED)


def test_celery_inspect_tells_what_each_worker_does(fleet):
    # Given a job that a worker runs
    job = fleet.client.generate(**{**LONG, "frames": 81})
    fleet.wait_for_phase(job.id, "denoise", step=1)

    # When an operator asks
    answers = celery(fleet, "inspect", "reel_status")

    # Then the gpu worker names the job and its step
    gpu = next(answer for worker, answer in answers.items() if worker.startswith("gpu0"))
    assert gpu["worker"]["job_id"] == job.id
    assert gpu["jobs"][0]["progress"]["phase"] == "denoise"
    celery(fleet, "control", "reel_abort", job.id)
    fleet.wait_for_state(job.id, JobState.ABORTED)


def test_terminate_through_celery_ends_in_the_ledger_as_aborted(fleet):
    # Given a running job
    job = fleet.client.generate(**LONG)
    fleet.wait_for_phase(job.id, "denoise", step=5)

    # When its task is terminated behind the ledger's back, as Flower's button does
    producer_app(fleet.redis.url).control.revoke(f"{job.id}:generate", terminate=True)

    # Then the job is aborted, not retried
    status = fleet.wait_for_state(job.id, JobState.ABORTED)
    assert status.attempt == 1


def test_drained_worker_ends_with_status_zero_and_takes_nothing_new(fleet):
    # Given a second gpu worker with a job of its own
    second = fleet.start("gpu", slot=1, REEL_MODELS="tiny-ltx")
    name = next(info.name for info in fleet.ledger.workers.all() if info.pid == second.pid)

    # When it is drained
    fleet.client.drain(name)

    # Then it exits cleanly and is no longer known
    assert second.process.wait(timeout=60) == 0
    wait_until(lambda: name not in {info.name for info in fleet.ledger.workers.all()}, what="the drained worker to be forgotten")


def test_second_worker_for_the_same_device_refuses_to_start(fleet):
    # Given a gpu worker on slot 0

    # When another one is told to use the same device
    second = fleet.start("gpu", slot=0, wait=False)

    # Then it names the holder and exits with the status of a refused configuration
    assert second.process.wait(timeout=60) == 78
    assert "is held by the worker gpu0@" in second.tail()
