"""Frames in, alphas out."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from pipelines.matanyone import MatAnyoneNetwork, load_network, matte_frames
from pipelines.matanyone.padding import Padding
from reelfleet.contract.errors import InputUnreadable, InvalidConfig
from tests.unit.pipelines.matanyone import clips

HEIGHT, WIDTH = 46, 65


def small_clip(count: int) -> list[np.ndarray]:
    return [clips.frame(t, HEIGHT, WIDTH) for t in range(count)]


SMALL_MASK = clips.mask(HEIGHT, WIDTH)


def test_bytes_and_floats_of_the_same_frames_give_the_same_alphas(network: MatAnyoneNetwork):
    # Given two frames as bytes, and the same as floats with channels first
    frames = small_clip(2)
    floats = [torch.from_numpy(frame).permute(2, 0, 1).float() / 255 for frame in frames]

    alphas = [list(matte_frames(network, form, SMALL_MASK, warmup=0)) for form in (frames, floats)]

    assert np.array_equal(alphas[0], alphas[1])


def test_alphas_have_the_size_of_the_frames_and_stay_within_their_range(network: MatAnyoneNetwork):
    alphas = list(matte_frames(network, small_clip(2), SMALL_MASK, warmup=0))

    assert [(alpha.shape, alpha.dtype) for alpha in alphas] == [((HEIGHT, WIDTH), np.float32)] * 2
    assert all(alpha.min() >= 0 and alpha.max() <= 1 for alpha in alphas)


def test_frames_smaller_than_thirty_tokens_are_matted(network: MatAnyoneNetwork):
    # Given frames of a single token
    frames = [clips.frame(t, 9, 7) for t in range(3)]

    alphas = list(matte_frames(network, frames, clips.mask(9, 7), warmup=1))

    assert np.isfinite(alphas).all()


def test_a_frame_is_taken_only_when_its_alpha_is_asked_for(network: MatAnyoneNetwork):
    taken = []

    def source() -> Iterator[np.ndarray]:
        for t, frame in enumerate(small_clip(3)):
            taken.append(t)
            yield frame

    alphas = matte_frames(network, source(), SMALL_MASK, warmup=0)
    next(alphas)

    assert taken == [0]


def test_two_runs_of_one_network_do_not_touch_each_other(network: MatAnyoneNetwork):
    # Given what a clip gives alone
    alone = list(matte_frames(network, small_clip(2), SMALL_MASK, warmup=0))

    # When two runs take turns
    first, second = (matte_frames(network, small_clip(2), SMALL_MASK, warmup=0) for _ in range(2))
    turns = [(next(first), next(second)) for _ in range(2)]

    assert all(np.array_equal(alone[t], alpha) for t, pair in enumerate(turns) for alpha in pair)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_fast_stays_near_parity(weights: dict[str, torch.Tensor], network: MatAnyoneNetwork, dtype: torch.dtype):
    # Given the alphas in float32
    exact = list(matte_frames(network, small_clip(2), SMALL_MASK, warmup=0))

    # When the same is done in half precision
    half = load_network(weights, dtype=dtype)
    alphas = list(matte_frames(half, small_clip(2), SMALL_MASK, warmup=0, precision="fast"))

    # Then it differs, and not by much
    error = np.abs(np.stack(alphas) - np.stack(exact))
    assert 0 < error.mean() < 0.02


def test_parity_of_weights_in_half_precision_is_refused():
    network = load_network(clips.hollow(), dtype=torch.bfloat16)

    with pytest.raises(InvalidConfig, match="needs weights in float32"):
        matte_frames(network, [], SMALL_MASK)


@pytest.mark.parametrize(
    ("frames", "mask", "said"),
    [
        ([], SMALL_MASK, "no frames"),
        ([np.zeros((4, 4), np.uint8)], SMALL_MASK, "frame 0 is torch.uint8 of shape"),
        (small_clip(1), SMALL_MASK[:-1], "the mask's shape is"),
        ([*small_clip(1), clips.frame(1, HEIGHT, WIDTH + 1)], SMALL_MASK, "frame 1 is"),
    ],
)
def test_what_cannot_be_matted_is_named(network: MatAnyoneNetwork, frames: list[np.ndarray], mask: np.ndarray, said: str):
    with pytest.raises(InputUnreadable, match=said):
        list(matte_frames(network, frames, mask, warmup=0))


def test_a_negative_warm_up_is_refused_at_once(network: MatAnyoneNetwork):
    with pytest.raises(InvalidConfig, match="warmup is -1"):
        matte_frames(network, [], SMALL_MASK, warmup=-1)


@pytest.mark.parametrize(("size", "padding"), [((16, 32), (0, 0, 0, 0)), ((100, 131), (6, 7, 6, 6)), ((1, 15), (0, 1, 7, 8))])
def test_padding_is_even_and_its_extra_pixel_right_or_below(size: tuple[int, int], padding: tuple[int, int, int, int]):
    assert Padding.of(*size) == padding
