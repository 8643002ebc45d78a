"""A job that lost its worker goes on from its checkpoint, and what comes out is what would have come out anyway."""

from __future__ import annotations

import shutil

import pytest

from reelfleet.contract.job import JobState
from reelfleet.store import open_store
from tests.fixtures.waiting import wait_until
from tests.integration.jobs import LONG, content_of, finish, move_to_another_host, resumed_step, undisturbed, wait_for_checkpoint

pytestmark = pytest.mark.xdist_group("resume")


@pytest.fixture
def fleet(make_fleet):
    fleet = make_fleet()
    fleet.start_both()
    return fleet


def checkpoints_of(fleet, job_id: str) -> list[str]:
    return list(open_store(fleet.store_url).list(f"jobs/{job_id}/checkpoints"))


@pytest.mark.parametrize(("model", "steps"), [("tiny-wan", 400), ("tiny-ltx2", 120)])
def test_child_killed_while_denoising_costs_no_step_before_its_checkpoint(fleet, model, steps):
    # Given a job whose result is known, and the same one again with a checkpoint behind it
    request = {**LONG, "model": model, "steps": steps}
    expected = undisturbed(fleet, **request)
    job = fleet.client.generate(**request)
    kept = wait_for_checkpoint(fleet, job.id)

    # When the process that computes is killed
    fleet.workers[0].kill_child()

    # Then the second attempt goes on behind the checkpoint and ends with the same frames and sound
    status = finish(fleet, job.id)
    assert status.attempt == 2
    assert resumed_step(status) >= kept
    assert content_of(status) == expected


def test_host_that_is_gone_with_all_its_files_leaves_the_checkpoint_in_the_store(fleet):
    # Given a job with a checkpoint
    expected = undisturbed(fleet, **LONG)
    job = fleet.client.generate(**LONG)
    kept = wait_for_checkpoint(fleet, job.id)

    # When the first host dies with its disk, and another one serves
    move_to_another_host(fleet)

    # Then it goes on there, once the lease has run out
    status = finish(fleet, job.id)
    assert status.worker.endswith("@other")
    assert resumed_step(status) >= kept
    assert content_of(status) == expected


def test_result_that_could_not_be_delivered_is_not_denoised_again(fleet):
    # Given a job that was generated, and whose frames are lost before they are delivered
    expected = undisturbed(fleet, **{**LONG, "steps": 60})
    fleet.workers[1].kill()
    job = fleet.client.generate(**{**LONG, "steps": 60})
    wait_until(lambda: fleet.ledger.jobs.status(job.id).stage == "deliver", what="the frames")
    wait_for_checkpoint(fleet, job.id, step=60)
    for folder in (fleet.folder / "spool" / job.id).iterdir():
        if folder.name != "checkpoints":
            shutil.rmtree(folder)

    # When a cpu worker is there again
    fleet.start("cpu", slot=1)

    # Then the next attempt decodes what was denoised
    status = finish(fleet, job.id)
    assert resumed_step(status) == 60
    assert content_of(status) == expected


def test_damaged_checkpoint_is_refused_with_a_note_and_the_job_starts_over(fleet):
    # Given a job that is paused behind a checkpoint
    expected = undisturbed(fleet, **LONG)
    job = fleet.client.generate(**LONG)
    fleet.wait_for_phase(job.id, "denoise", step=50)
    job.pause()
    fleet.wait_for_state(job.id, JobState.PAUSED)

    # When a byte of it changes, on this host and in the store
    store = open_store(fleet.store_url)
    (key,) = checkpoints_of(fleet, job.id)
    damaged = bytearray(store.get_bytes(key))
    damaged[-100] ^= 1
    store.put_bytes(key, bytes(damaged), media_type="application/octet-stream")
    shutil.rmtree(fleet.folder / "spool" / job.id / "checkpoints")
    job.resume()

    # Then the job says so, starts over and ends as it would have
    status = finish(fleet, job.id)
    assert any("refused" in note for note in status.notes)
    assert resumed_step(status) == 0
    assert content_of(status) == expected


def test_checkpoints_are_removed_when_the_job_ends(fleet):
    # Given a job that was delivered, and one that was aborted, each with a checkpoint
    delivered = fleet.client.generate(**LONG)
    wait_for_checkpoint(fleet, delivered.id)
    finish(fleet, delivered.id)
    aborted = fleet.client.generate(**LONG)
    wait_for_checkpoint(fleet, aborted.id)
    aborted.abort()
    fleet.wait_for_state(aborted.id, JobState.ABORTED)

    # Then neither the store nor the host keeps them
    for job in (delivered, aborted):
        wait_until(lambda job=job: not checkpoints_of(fleet, job.id), what="the store to be tidy", timeout=30)
        wait_until(lambda job=job: not (fleet.folder / "spool" / job.id).exists(), what="the spool to be tidy", timeout=90)
