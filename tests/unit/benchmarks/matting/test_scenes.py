"""That every scene is what its name says, and that its alpha is the truth."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.matting.quality.scenes.bodies import hole
from benchmarks.matting.quality.scenes.drawing import disc, pixels
from benchmarks.matting.quality.scenes.form import Clip, shot
from benchmarks.matting.quality.scenes.registry import SCENES

FRAMES = 12
STANDARD = {
    "soft-body",
    "thin-strands",
    "half-patch",
    "hole",
    "motion-blur",
    "distractor",
    "exit-reentry",
    "cut",
    "odd-size",
    "compression",
}


@pytest.fixture(scope="module")
def clips() -> dict[str, Clip]:
    return {name: scene.shoot(FRAMES) for name, scene in SCENES.items()}


@pytest.fixture(params=SCENES)
def clip(request, clips) -> Clip:
    return clips[request.param]


def partly(alpha: np.ndarray) -> np.ndarray:
    return (alpha > 0.02) & (alpha < 0.98)


def test_the_set_covers_what_matting_finds_hard():
    assert set(SCENES) == STANDARD


def test_a_scene_has_as_many_frames_as_were_asked_for(clip):
    assert len(clip.frames) == len(clip.alphas) == FRAMES


def test_frames_are_pictures_and_alphas_are_of_their_size(clip):
    height, width = clip.alphas[0].shape

    assert {(frame.dtype.name, frame.shape) for frame in clip.frames} == {("uint8", (height, width, 3))}
    assert {(alpha.dtype.name, alpha.shape) for alpha in clip.alphas} == {("float32", (height, width))}


def test_alphas_are_between_0_and_1_and_reach_both(clip):
    assert min(alpha.min() for alpha in clip.alphas) == 0
    assert max(alpha.max() for alpha in clip.alphas) == 1


def test_the_subject_fills_a_part_of_the_first_frame_that_can_be_matted(clip):
    assert 0.05 < clip.alphas[0].mean() < 0.3


def test_the_mask_is_the_subject_of_the_first_frame(clip):
    assert np.array_equal(clip.mask, np.where(clip.alphas[0] >= 0.5, 255, 0))


@pytest.mark.parametrize("name", SCENES)
def test_a_scene_is_the_same_each_time(name, clips):
    again = SCENES[name].shoot(FRAMES)

    assert all(np.array_equal(one, other) for one, other in zip(again.frames, clips[name].frames, strict=True))
    assert all(np.array_equal(one, other) for one, other in zip(again.alphas, clips[name].alphas, strict=True))


@pytest.mark.parametrize("name", SCENES)
def test_a_scene_can_be_one_frame(name):
    assert len(SCENES[name].shoot(1).frames) == 1


def test_a_scene_without_frames_is_refused():
    with pytest.raises(ValueError, match="1 or more"):
        SCENES["hole"].shoot(0)


def test_something_moves(clip):
    assert all((before != after).any() for before, after in zip(clip.frames, clip.frames[1:], strict=False))


def test_a_pixel_is_mixed_of_subject_and_background_as_its_alpha_says():
    red, blue = (np.broadcast_to(colour, (1, 3, 3)) for colour in ((1.0, 0, 0), (0, 0, 1.0)))

    frame = shot(np.array([[0.0, 0.4, 1.0]]), red, blue).frame

    assert frame.tolist() == [[[0, 0, 255], [102, 0, 153], [255, 0, 0]]]


def test_the_soft_body_has_a_wide_edge(clips):
    left, right = np.split(partly(clips["soft-body"].alphas[0][64]), 2)

    assert min(left.sum(), right.sum()) > 10


def test_no_strand_fills_a_pixel(clips):
    x, y = pixels()
    hair = np.where(disc(x, y, (80.0, 76.0), 26) == 0, clips["thin-strands"].alphas[0], 0)

    assert (hair > 0).sum() > 500
    assert hair.max() < 1


def test_the_patch_is_half_there_in_every_frame(clips):
    assert all(1000 < (alpha == 0.5).sum() < 3000 for alpha in clips["half-patch"].alphas)


def test_the_patch_shows_the_mean_of_what_is_before_and_behind_it(clips):
    clip, blank = clips["half-patch"], clips["hole"]
    outside = (clip.alphas[0] == 0) & (blank.alphas[0] == 0)

    assert np.array_equal(clip.frames[0][outside], blank.frames[0][outside])
    assert ((clip.frames[0] != blank.frames[0]).any(axis=-1) & (clip.alphas[0] == 0.5)).sum() > 500


def test_the_ring_has_background_inside(clips):
    alpha = clips["hole"].alphas[0]

    assert alpha[64, 80] == 0
    assert alpha[64, 80 - 28] == alpha[64, 80 + 28] == alpha[64 - 28, 80] == alpha[64 + 28, 80] == 1


def test_motion_smears_the_edges_that_lie_across_it_and_not_those_along_it(clips):
    alpha = clips["motion-blur"].alphas[0]

    assert partly(alpha[64]).sum() > 20
    assert partly(alpha[:, 80]).sum() <= 4


def test_the_smear_keeps_the_area_of_the_subject(clips):
    assert clips["motion-blur"].alphas[0].sum() == pytest.approx(np.pi * 24**2, rel=0.01)


def test_the_distractor_has_the_subjects_colours_and_no_alpha(clips):
    clip, undisturbed = clips["distractor"], clips["cut"]
    first_half = range(FRAMES // 2)

    added = [(clip.frames[t] != undisturbed.frames[t]).any(axis=-1) for t in first_half]

    assert max(area.sum() for area in added) > 1000
    assert all(np.array_equal(clip.alphas[t], undisturbed.alphas[t]) for t in range(FRAMES))
    where = added[3] & (clip.alphas[3] == 0)
    assert np.abs(clip.frames[3][where].mean(axis=0) - clip.frames[3][clip.alphas[3] == 1].mean(axis=0)).max() < 25


def test_the_distractor_passes_from_one_edge_to_the_other(clips):
    red_is_most = [
        np.argwhere((frame[..., 0] > frame[..., 2]) & (alpha == 0)) for frame, alpha in zip(*shots(clips["distractor"]), strict=True)
    ]

    assert red_is_most[1][:, 1].mean() < 40
    assert red_is_most[-2][:, 1].mean() > 120


def test_the_subject_leaves_whole_and_comes_back(clips):
    there = [bool(alpha.any()) for alpha in clips["exit-reentry"].alphas]

    assert there[0]
    assert there[-1]
    assert there.count(False) >= 3


def test_the_cut_changes_the_background_alone(clips):
    frames, alphas = shots(clips["cut"])
    half = FRAMES // 2
    jump = [
        [np.abs(after.astype(int) - before)[(one == other) & (one == side)].mean() for side in (0, 1)]
        for before, after, one, other in zip(frames, frames[1:], alphas, alphas[1:], strict=False)
    ]

    (background, subject), ordinary = jump[half - 1], max(side for at, sides in enumerate(jump) for side in sides if at != half - 1)
    assert background > 3 * ordinary
    assert subject <= ordinary


def test_the_odd_size_is_odd(clips):
    assert [length % 2 for length in clips["odd-size"].frames[0].shape[:2]] == [1, 1]


def test_compression_spoils_the_frames_and_leaves_the_alpha(clips):
    original, spoilt = list(hole(FRAMES)), clips["compression"]

    errors = [np.abs(one.frame.astype(int) - other).mean() for one, other in zip(original, spoilt.frames, strict=True)]

    assert all(8 < error < 30 for error in errors)
    assert all(np.array_equal(one.alpha, other) for one, other in zip(original, spoilt.alphas, strict=True))


def shots(clip: Clip) -> tuple[tuple[np.ndarray, ...], tuple[np.ndarray, ...]]:
    return clip.frames, clip.alphas
