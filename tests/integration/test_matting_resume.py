"""A matting that lost its worker, or was paused, goes on from its checkpoint, and its alphas are those of an undisturbed run, bit for bit."""

from __future__ import annotations

import shutil

import pytest

from reelfleet.contract.job import JobState
from reelfleet.store import open_store
from tests.fixtures.fleet import running_fleet
from tests.fixtures.waiting import wait_until
from tests.integration.clips import disc_mask, write_clip
from tests.integration.jobs import content_of, finish, move_to_another_host, resumed_step, wait_for_checkpoint

pytestmark = pytest.mark.xdist_group("matting_resume")

FRAMES = 40
SIZE = (64, 48)
MODELS = {"REEL_MODELS": "tiny-matanyone,tiny-wan"}


@pytest.fixture(scope="module")
def fleet(tmp_path_factory, model_cache):
    """One fleet for all tests that leave its workers alive; a killed process is replaced."""
    with running_fleet(tmp_path_factory.mktemp("matting-resume"), model_cache, env=MODELS) as fleet:
        yield fleet


@pytest.fixture(scope="module")
def request_fields(tmp_path_factory):
    """A matting whose mask lies in the middle, so that it has a run forward and one backward."""
    folder = tmp_path_factory.mktemp("clip")
    disc_mask(SIZE).save(folder / "mask.png")
    clip = write_clip(folder / "clip.mp4", size=SIZE, frames=FRAMES, fps=8)
    return {"source": clip, "masks": [{"mask": folder / "mask.png", "frame": 17}], "model": "tiny-matanyone", "warmup": 1}


@pytest.fixture(scope="module")
def expected(fleet, request_fields) -> list[str]:
    """What comes out when nothing comes in between."""
    return content_of(finish(fleet, fleet.client.matte(**request_fields).id))


@pytest.mark.parametrize("frame", [8, 27], ids=["forward", "backward"])
def test_process_killed_between_frames_costs_no_frame_before_its_checkpoint(fleet, request_fields, expected, frame):
    # Given a matting with a checkpoint behind it
    job = fleet.client.matte(**request_fields)
    kept = wait_for_checkpoint(fleet, job.id, step=frame)

    # When the process that computes is killed
    fleet.workers[0].kill_child()

    # Then the second attempt goes on behind the checkpoint and ends with the same alphas
    status = finish(fleet, job.id)
    assert status.attempt == 2
    assert resumed_step(status, unit="frame") >= kept
    assert content_of(status) == expected


def test_host_that_is_gone_with_all_its_files_leaves_state_and_segments_in_the_store(make_fleet, request_fields, expected):
    # Given a fleet of its own, and a matting with a checkpoint
    fleet = make_fleet(env=MODELS)
    fleet.start_both()
    job = fleet.client.matte(**request_fields)
    kept = wait_for_checkpoint(fleet, job.id, step=10)

    # When the first host dies with its disk, and another one serves
    move_to_another_host(fleet)

    # Then it goes on there
    status = finish(fleet, job.id)
    assert status.worker.endswith("@other")
    assert resumed_step(status, unit="frame") >= kept
    assert content_of(status) == expected


def test_paused_matting_frees_the_device_and_goes_on_from_its_very_frame(fleet, request_fields, expected):
    # Given a matting that is paused on its way
    job = fleet.client.matte(**request_fields)
    fleet.wait_for_phase(job.id, "matte", step=12)
    job.pause()
    fleet.wait_for_state(job.id, JobState.PAUSED)
    checkpoint = fleet.ledger.jobs.status(job.id).checkpoint

    # When another job has had the device, and it is resumed
    finish(fleet, fleet.client.generate(model="tiny-wan", prompt="a kite", seed=1).id)
    job.resume()

    # Then not a frame is done twice
    status = finish(fleet, job.id)
    assert resumed_step(status, unit="frame") == checkpoint.step
    assert status.attempt == 1
    assert content_of(status) == expected


def test_aborted_matting_leaves_nothing(fleet, request_fields):
    # Given a matting with a checkpoint
    job = fleet.client.matte(**request_fields)
    wait_for_checkpoint(fleet, job.id, step=5)

    # When it is aborted
    job.abort()
    fleet.wait_for_state(job.id, JobState.ABORTED)

    # Then neither the store nor the host keeps anything of it
    store = open_store(fleet.store_url)
    wait_until(lambda: not list(store.list(f"jobs/{job.id}")), what="the store to be tidy", timeout=30)
    wait_until(lambda: not (fleet.folder / "spool" / job.id).exists(), what="the spool to be tidy", timeout=90)


def test_segment_that_is_gone_makes_the_job_start_over_with_a_note(fleet, request_fields, expected):
    # Given a matting that is paused behind a checkpoint
    job = fleet.client.matte(**request_fields)
    fleet.wait_for_phase(job.id, "matte", step=12)
    job.pause()
    fleet.wait_for_state(job.id, JobState.PAUSED)

    # When its alphas so far are lost, on this host and in the store
    open_store(fleet.store_url).delete_prefix(f"jobs/{job.id}/checkpoints/segments")
    shutil.rmtree(fleet.folder / "spool" / job.id / "checkpoints")
    job.resume()

    # Then the job says so, starts over and ends as it would have
    status = finish(fleet, job.id)
    assert any("starts over" in note for note in status.notes)
    assert resumed_step(status, unit="frame") == 0
    assert content_of(status) == expected
