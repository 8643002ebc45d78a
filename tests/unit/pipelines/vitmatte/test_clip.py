"""SAM 2 and ViTMatte matte clips behind the interface that all backends share."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from pipelines.checkpoint import CheckpointRefused
from tests.unit.pipelines.vitmatte.conftest import FRAMES, HEIGHT, WIDTH

PARITY = {"warmup": 10, "precision": "parity"}
FAST = {"warmup": 10, "precision": "fast"}


def run(model, clip, masks, options=PARITY):
    """All alphas of a clip, (frames, targets, height, width)."""
    matting = model.start(**options)
    return np.stack([matting.begin(clip[0], masks), *(alphas for frame in clip[1:] for alphas in matting.advance([frame]))])


@pytest.fixture(scope="module")
def whole(model, clip, masks):
    return run(model, clip, masks)


def test_every_frame_gets_the_alphas_of_all_targets(whole):
    assert (whole.shape, whole.dtype) == ((FRAMES, 2, HEIGHT, WIDTH), np.float32)


def test_alphas_lie_between_0_and_1_and_are_not_all_the_same(whole):
    assert (whole.min(), whole.max()) == (0, 1)
    assert ((whole > 0.01) & (whole < 0.99)).any()


def test_the_first_alpha_follows_the_mask(whole, masks):
    deep = np.zeros_like(masks, bool)
    deep[0, 30:42, 40:57] = True
    deep[1, 70:, 100:] = True

    assert (whole[0][deep] == 1).all()
    assert (whole[0][1, :40, :60] == 0).all()


def test_the_mask_reaches_later_frames(model, clip, masks, whole):
    other = run(model, clip, masks[::-1, ::-1, ::-1].copy())

    assert not np.array_equal(other[-1], whole[-1])


def test_the_same_clip_gives_the_same_bits(model, clip, masks, whole):
    assert np.array_equal(run(model, clip, masks), whole)


def test_frames_may_come_in_any_groups(model, clip, masks, whole):
    matting = model.start(**PARITY)
    matting.begin(clip[0], masks)

    assert np.array_equal(np.stack(list(matting.advance(clip[1:]))), whole[1:])


@pytest.mark.parametrize("target", [0, 1])
def test_a_target_among_others_gets_the_alpha_that_it_gets_alone(model, clip, masks, whole, target):
    alone = run(model, clip, masks[target : target + 1])

    assert np.array_equal(alone[:, 0], whole[:, target])


def test_a_frame_is_looked_at_once_for_all_targets(model, clip, masks, monkeypatch):
    # Given
    sam, _ = model.modules()
    looked = []
    real = sam.get_image_embeddings
    monkeypatch.setattr(sam, "get_image_embeddings", lambda pixels: looked.append(1) or real(pixels))

    # When
    run(model, clip, masks)

    # Then
    assert len(looked) == FRAMES - 1


@pytest.mark.parametrize("options", [PARITY, FAST], ids=["parity", "fast"])
@pytest.mark.parametrize("done", range(1, FRAMES))
def test_a_run_goes_on_bit_for_bit_on_a_model_that_was_loaded_anew(catalogue, load, model, clip, masks, done, options):
    # Given
    expected = run(model, clip, masks, options)
    first = model.start(**options)
    first.begin(clip[0], masks)
    first.advance(clip[1:done])
    state = first.state()

    # When
    second = load(catalogue.matting("tiny-vitmatte")).resume(state, **options)
    rest = list(second.advance(clip[done:]))

    # Then
    assert np.array_equal(np.stack(rest), expected[done:])


def test_a_state_does_not_change_when_the_run_goes_on(model, clip, masks):
    # Given
    matting = model.start(**PARITY)
    matting.begin(clip[0], masks)
    state = matting.state()
    kept = {name: tensor.clone() for name, tensor in state.items()}

    # When
    matting.advance(clip[1:])

    # Then
    assert all(torch.equal(state[name], kept[name]) for name in kept)


def test_a_resumed_run_leaves_the_state_alone(model, clip, masks):
    # Given
    matting = model.start(**PARITY)
    matting.begin(clip[0], masks)
    state = matting.state()
    kept = {name: tensor.clone() for name, tensor in state.items()}

    # When
    model.resume(state, **PARITY).advance(clip[1:])

    # Then
    assert all(torch.equal(state[name], kept[name]) for name in kept)


def test_a_state_is_small_whatever_the_frames_size(model, clip, masks):
    matting = model.start(**PARITY)
    matting.begin(clip[0], masks)

    assert {name: (tuple(tensor.shape), tensor.is_contiguous()) for name, tensor in matting.state().items()} == {
        "logits": ((2, 32, 32), True)
    }


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ({}, "it holds nothing instead of logits"),
        ({"sensory": torch.zeros(1)}, "it holds sensory instead of logits"),
        ({"logits": torch.zeros(1, 16, 16)}, r"float32 \(1, 16, 16\) instead of float32 \(targets, 32, 32\)"),
        ({"logits": torch.zeros(0, 32, 32)}, r"\(0, 32, 32\)"),
        ({"logits": torch.zeros(1, 32, 32, dtype=torch.float16)}, "float16"),
        ({"logits": torch.full((1, 32, 32), torch.nan)}, "NaN"),
    ],
)
def test_a_state_that_is_not_the_models_is_refused(model, state, reason):
    with pytest.raises(CheckpointRefused, match=reason):
        model.resume(state, **PARITY)


def test_an_empty_mask_gives_alphas_of_zero(model, clip, masks):
    masks = masks.copy()
    masks[0] = 0

    made = run(model, clip, masks)

    assert not made[:, 0].any()
    assert made[:, 1].any()


def test_a_full_mask_gives_an_alpha_of_one_at_first(model, clip):
    made = run(model, clip, np.full((1, HEIGHT, WIDTH), 255, np.uint8))

    assert (made[0] == 1).all()


@pytest.fixture
def gone_at(model, monkeypatch):
    """Lets SAM 2 say at given calls that the target is not in the picture."""
    sam, _ = model.modules()
    real, calls = sam.forward, []

    def set_up(*numbers):
        def forward(*args, **options):
            made = real(*args, **options)
            calls.append(1)
            made.object_score_logits = torch.full_like(made.object_score_logits, -5.0 if len(calls) in numbers else 5.0)
            return made

        monkeypatch.setattr(sam, "forward", forward)

    return set_up


def test_a_target_that_is_gone_has_no_alpha(model, clip, masks, gone_at):
    gone_at(2)

    made = run(model, clip, masks[:1])

    assert [bool(alphas.any()) for alphas in made] == [True, True, False, True, True]


def test_a_target_that_was_gone_is_looked_for_where_it_was(model, clip, masks, gone_at):
    # Given
    matting = model.start(**PARITY)
    matting.begin(clip[0], masks[:1])
    gone_at(1)
    before = matting.state()

    # When
    matting.advance(clip[1:2])

    # Then
    assert torch.equal(matting.state()["logits"], before["logits"])


def test_fast_is_near_parity(model, clip, masks, whole):
    fast = run(model, clip, masks, FAST)

    assert not np.array_equal(fast, whole)
    assert np.abs(fast[0] - whole[0]).mean() < 0.01


def test_no_warm_up_changes_anything(model, clip, masks, whole):
    assert np.array_equal(run(model, clip, masks, {"warmup": 0, "precision": "parity"}), whole)
