"""Mattings, from the command line through real workers to files in a real store that decode to what was asked."""

from __future__ import annotations

import av
import numpy as np
import pytest
from PIL import Image

from reelfleet.contract.job import JobState
from reelfleet.contract.manifest import Manifest, Role
from reelfleet.store import open_store
from tests.fixtures.fleet import running_fleet
from tests.integration.clips import disc_mask, write_clip
from tests.unit.persistence.source.clips import make_clip, overwrite_packets

pytestmark = pytest.mark.xdist_group("matting")

FRAMES = 6
SIZE = (47, 32)
MATTE = {"model": "tiny-matanyone", "warmup": 1}


@pytest.fixture(scope="module")
def fleet(tmp_path_factory, model_cache):
    with running_fleet(tmp_path_factory.mktemp("matting"), model_cache) as fleet:
        yield fleet


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """A clip of an odd size with a track of sound."""
    return write_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", size=SIZE, frames=FRAMES, fps=8, beep=True)


@pytest.fixture(scope="module")
def mask(tmp_path_factory):
    path = tmp_path_factory.mktemp("mask") / "mask.png"
    disc_mask(SIZE).save(path)
    return path


def finish(fleet, job):
    fleet.wait_for_state(job.id, JobState.SUCCEEDED, timeout=120)
    return job.result()


def roles(result) -> list[str]:
    return [artifact.role.value for artifact in result.artifacts]


def test_a_clip_and_a_mask_give_a_foreground_and_an_alpha_of_the_same_frames(fleet, clip, mask, tmp_path):
    result = finish(fleet, fleet.client.matte(source=clip, mask=mask, **MATTE))

    assert roles(result) == ["mask_foreground", "mask_alpha"]
    for path in result.download(tmp_path):
        with av.open(path) as container:
            assert [(frame.width, frame.height) for frame in container.decode(video=0)] == [SIZE] * FRAMES


def test_sound_goes_with_the_foreground_and_the_manifest_tells_of_it(fleet, clip, mask):
    result = finish(fleet, fleet.client.matte(source=clip, mask=mask, output={"save_audio": True}, **MATTE))

    assert roles(result) == ["mask_foreground", "mask_alpha", "audio"]
    foreground, alpha, audio = (artifact.info for artifact in result.artifacts)
    assert [len(info.audio_tracks) for info in (foreground, alpha, audio)] == [1, 0, 1]
    assert any(note.startswith("audio track 0: aac, 48000 Hz, 1 channel,") for note in result.status.notes)
    manifest = Manifest.model_validate_json(result.manifest_bytes)
    assert manifest.predicate.spec.kind == "matte"
    assert manifest.predicate.seed is None
    assert manifest.predicate.spec.source.audio_tracks[0].sample_rate == foreground.audio_tracks[0].sample_rate


def test_two_targets_with_masks_at_different_frames_get_files_of_their_own(fleet, clip, mask):
    masks = [{"target": "left", "frame": 0, "mask": mask}, {"target": "right", "frame": 4, "mask": mask}]

    result = finish(fleet, fleet.client.matte(source=clip, masks=masks, **MATTE))

    assert roles(result) == ["mask_foreground", "mask_alpha"] * 2
    assert ["left" in artifact.name for artifact in result.artifacts] == [True, True, False, False]


def test_a_click_makes_the_mask_which_is_kept_as_an_input(fleet, clip):
    # When a job is given a click instead of a mask
    job = fleet.client.matte(source=clip, masks=[{"points": [{"x": 20, "y": 15}]}], mask_model="tiny-sam2", **MATTE)
    result = finish(fleet, job)

    # Then the spec that ran names a mask in the store, of the source's size
    spec = result.manifest.predicate.spec
    made = spec.inputs[spec.masks[0].input]
    with open_store(fleet.store_url).open(made.key) as file:
        assert np.asarray(Image.open(file)).shape == (SIZE[1], SIZE[0])


def test_rgba_keeps_the_alpha_and_the_archives(fleet, clip, mask):
    result = finish(
        fleet, fleet.client.matte(source=clip, mask=mask, output_type="alpha", output={"container": "webm"}, save_masks=True, **MATTE)
    )

    assert roles(result) == ["mask_foreground", "mask_alpha", "mask_archive", "rgba_archive"]


def test_an_image_gives_images(fleet, mask, tmp_path):
    picture = tmp_path / "picture.png"
    Image.fromarray(np.random.default_rng(1).integers(0, 256, (SIZE[1], SIZE[0], 3), np.uint8)).save(picture)

    result = finish(fleet, fleet.client.matte(source=picture, mask=mask, **MATTE))

    assert [(artifact.role, artifact.info.media_type) for artifact in result.artifacts] == [
        (Role.MASK_FOREGROUND, "image/png"),
        (Role.MASK_ALPHA, "image/png"),
    ]


def test_the_permissive_backend_does_the_same_job(fleet, clip, mask):
    result = finish(fleet, fleet.client.matte(source=clip, mask=mask, model="tiny-vitmatte"))

    assert roles(result) == ["mask_foreground", "mask_alpha"]


def test_one_request_generates_and_mattes_what_was_generated(fleet, tmp_path):
    # Given a mask of the clip that is still to be made
    path = tmp_path / "mask.png"
    disc_mask((64, 64)).save(path)
    request = {"model": "tiny-wan", "prompt": "a kite", "seed": 7, "frames": 5, "size": "64x64"}

    # When both are asked for at once
    job = fleet.client.generate(**request, matte={**MATTE, "masks": [{"mask": path}]})
    generated = finish(fleet, job)

    # Then the matting follows, and its source is the clip that was delivered
    follow_up = job.follow_up()
    matted = finish(fleet, follow_up)
    assert roles(matted) == ["mask_foreground", "mask_alpha"]
    assert matted.manifest.predicate.spec.inputs["source"].sha256 == generated.artifacts[0].sha256
    assert any(job.id in note for note in follow_up.status().notes)


@pytest.fixture
def cut_off(tmp_path):
    """A clip whose file ends in the middle of a frame."""
    whole = write_clip(tmp_path / "whole.mkv", size=SIZE, frames=30, fps=8)
    (tmp_path / "cut.mkv").write_bytes(whole.read_bytes()[: whole.stat().st_size * 2 // 3])
    return tmp_path / "cut.mkv"


def test_a_source_that_was_cut_off_fails_telling_what_can_be_decoded(fleet, cut_off, mask):
    job = fleet.client.matte(source=cut_off, mask=mask, **MATTE)

    status = fleet.wait_for_state(job.id, JobState.FAILED)
    assert status.error.code == "input_unreadable"
    assert status.error.details["decoded"] > 0
    assert "--allow-truncated" in status.error.message


def test_what_there_is_of_it_is_matted_if_that_is_allowed(fleet, cut_off, mask):
    job = fleet.client.matte(source=cut_off, mask=mask, allow_truncated=True, **MATTE)

    result = finish(fleet, job)
    told = next(note for note in job.status().notes if "can be decoded" in note)
    assert f": {result.artifacts[0].info.frames} of its" in told


def test_damage_before_the_range_costs_the_job_nothing(fleet, mask, tmp_path):
    source = make_clip(tmp_path / "clip.mp4", options={"g": "12", "keyint_min": "12", "sc_threshold": "0", "bf": "0"})
    overwrite_packets(source, kind="video", numbers=range(2, 3))

    result = finish(fleet, fleet.client.matte(source=source, mask=mask, start_frame=12, end_frame=14, **MATTE))

    assert {artifact.info.frames for artifact in result.artifacts} == {2}


def test_a_mask_that_selects_nothing_is_matted_and_noted(fleet, clip, tmp_path):
    path = tmp_path / "empty.png"
    Image.new("L", SIZE).save(path)

    job = fleet.client.matte(source=clip, mask=path, **MATTE)
    finish(fleet, job)

    assert any("masks.0" in note for note in job.status().notes)


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (lambda _, mask: {"source": mask.with_name("text.txt"), "mask": mask}, "source"),
        (lambda clip, mask: {"source": clip, "mask": mask.with_name("text.txt")}, "masks.0"),
        (lambda clip, mask: {"source": clip, "mask": mask, "start_frame": FRAMES + 3}, "start_frame"),
        (lambda clip, mask: {"source": clip, "mask": mask, "end_frame": FRAMES + 3}, "end_frame"),
    ],
    ids=["source", "mask", "start", "end"],
)
def test_what_cannot_be_matted_fails_before_a_device_is_spent(fleet, clip, mask, harm, said):
    mask.with_name("text.txt").write_text("no picture")

    job = fleet.client.matte(**harm(clip, mask), **MATTE)

    status = fleet.wait_for_state(job.id, JobState.FAILED)
    assert status.stage == "prepare"
    assert said in status.error.message
