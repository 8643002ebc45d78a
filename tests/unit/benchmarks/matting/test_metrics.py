"""What each metric of alphas sees, and what it does not."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.matting.quality.metrics.components import largest_component
from benchmarks.matting.quality.metrics.connectivity import conn
from benchmarks.matting.quality.metrics.gradient import grad
from benchmarks.matting.quality.metrics.pixels import mad, mse
from benchmarks.matting.quality.metrics.registry import METRICS
from benchmarks.matting.quality.metrics.temporal import dtssd
from benchmarks.matting.quality.scenes.drawing import disc, pixels

HEIGHT, WIDTH = 48, 64
LOWERED = np.float32(0.95)


def body(edge: float = 1.0) -> np.ndarray:
    x, y = pixels(HEIGHT, WIDTH)
    return disc(x, y, (24.0, 24.0), 14, edge).astype(np.float32)


def square(top: int, left: int, side: int) -> np.ndarray:
    alpha = np.zeros((HEIGHT, WIDTH), np.float32)
    alpha[top : top + side, left : left + side] = 1
    return alpha


def moving(frames: int = 4) -> list[np.ndarray]:
    return [np.roll(body(edge=6), 2 * t, axis=1) for t in range(frames)]


def noisy(alphas: list[np.ndarray], much: float, seed: int = 0) -> list[np.ndarray]:
    random = np.random.default_rng(seed)
    return [np.clip(alpha + much * random.standard_normal(alpha.shape).astype(np.float32), 0, 1) for alpha in alphas]


@pytest.mark.parametrize("name", METRICS)
def test_the_truth_has_no_error(name):
    assert METRICS[name](moving(), moving()) == 0


@pytest.mark.parametrize("name", METRICS)
def test_more_noise_is_a_greater_error(name):
    errors = [METRICS[name](noisy(moving(), much), moving()) for much in (0.05, 0.1, 0.2, 0.4)]

    assert errors == sorted(errors)
    assert errors[0] > 0


@pytest.mark.parametrize("name", METRICS)
def test_an_error_is_the_same_when_estimate_and_truth_change_places(name):
    estimated, true = noisy(moving(), 0.2), moving()

    assert METRICS[name](estimated, true) == pytest.approx(METRICS[name](true, estimated))


@pytest.mark.parametrize("name", METRICS)
def test_alphas_that_do_not_pair_are_refused(name):
    with pytest.raises(ValueError, match="3 estimated alphas cannot be compared with 4"):
        METRICS[name](moving(3), moving(4))


@pytest.mark.parametrize("name", METRICS)
def test_an_alpha_of_another_size_is_refused(name):
    with pytest.raises(ValueError, match="of frame 1 is"):
        METRICS[name]([body(), body()[:-1]], [body(), body()])


@pytest.mark.parametrize(("metric", "expected"), [(mad, 250.0), (mse, 62.5)])
def test_an_offset_of_a_quarter_counts_as_it_does_by_hand(metric, expected):
    true = body() / 2

    assert metric([true + np.float32(0.25)], [true]) == pytest.approx(expected)


def test_mse_weighs_one_great_error_more_than_many_small_ones_of_the_same_mass():
    true = [np.zeros((HEIGHT, WIDTH), np.float32)]
    great, small = [square(4, 4, 4)], [square(4, 4, 8) / 4]

    assert mad(great, true) == pytest.approx(mad(small, true))
    assert mse(great, true) == pytest.approx(4 * mse(small, true))


def test_grad_sees_a_blurred_edge_the_more_the_more_it_is_blurred():
    errors = [grad([body(edge)], [body()]) for edge in (1.0, 4.0, 8.0, 16.0)]

    assert errors == sorted(errors)
    assert errors[1] > 0.01


def test_grad_does_not_see_an_offset_or_a_gain():
    changed = body() * np.float32(0.5) + np.float32(0.25)

    assert grad([changed], [body()]) == pytest.approx(0, abs=1e-9)


def test_grad_of_an_alpha_of_one_value_is_that_of_an_empty_one():
    assert grad([np.full((HEIGHT, WIDTH), 0.5, np.float32)], [np.zeros((HEIGHT, WIDTH), np.float32)]) == 0


def test_grad_of_a_straight_edge_is_the_energy_of_the_smoothed_step():
    step = np.zeros((HEIGHT, WIDTH), np.float32)
    step[:, WIDTH // 2 :] = 1
    at = np.arange(-4, 5)
    gaussian = np.exp(-(at**2) / (2 * 1.4**2))
    kernel = np.outer(gaussian, at * gaussian)
    kernel /= np.sqrt((kernel**2).sum())
    across = [kernel[:, at >= distance].sum() for distance in range(-4, 5)]

    assert grad([step], [np.zeros_like(step)]) == pytest.approx(HEIGHT * np.square(across).sum() * 1e-3)


def test_conn_punishes_a_fault_in_a_detached_island_and_forgives_one_of_the_same_mass_at_the_rim():
    true = square(8, 8, 24) + square(12, 44, 6)
    island, rim = true.copy(), true.copy()
    island[12:18, 44:50] = LOWERED
    rim[8:20, 8:11] = LOWERED

    assert mad([island], [true]) == pytest.approx(mad([rim], [true]))
    assert conn([island], [true]) > conn([rim], [true])
    assert conn([rim], [true]) == 0


def test_conn_of_a_missing_body_is_its_area():
    true = square(8, 8, 24)

    assert conn([np.zeros_like(true)], [true]) == pytest.approx(24 * 24 * 1e-3)


def test_conn_sees_that_a_bridge_is_lost_beyond_the_bridge_itself():
    true = square(8, 8, 24)
    true[19:21, 32:44] = 1
    true[12:28, 44:60] = LOWERED
    whole, broken = true.copy(), true.copy()
    whole[12:28, 44:60] = broken[12:28, 44:60] = 1
    broken[19:21, 36:38] = 0

    assert conn([whole], [true]) == 0
    assert conn([broken], [true]) == pytest.approx((4 + 16 * 16 * 0.05) * 1e-3)


def test_dtssd_sees_flicker():
    true = [body() / 2] * 4
    flicker = [alpha + np.float32(0.1 * (t % 2)) for t, alpha in enumerate(true)]

    assert dtssd(flicker, true) == pytest.approx(10 * 3 / 4)


def test_dtssd_does_not_see_an_error_that_stays():
    true = [alpha / 2 for alpha in moving()]

    assert dtssd([alpha + np.float32(0.25) for alpha in true], true) == pytest.approx(0, abs=1e-5)


def test_dtssd_sees_an_alpha_that_stands_still_while_the_subject_moves():
    assert dtssd(moving()[:1] * 4, moving()) > 1


@pytest.mark.parametrize("seed", range(6))
def test_the_largest_region_is_the_one_that_flooding_finds(seed):
    mask = np.random.default_rng(seed).random((24, 31)) < 0.55

    found = largest_component(mask)

    assert np.array_equal(found, flooded(mask))


def test_pixels_that_touch_at_corners_alone_are_not_connected():
    mask = np.eye(5, dtype=bool)

    assert largest_component(mask).sum() == 1


def test_nothing_has_no_largest_region():
    assert not largest_component(np.zeros((4, 4), bool)).any()


def flooded(mask: np.ndarray) -> np.ndarray:
    left, best = {tuple(at) for at in np.argwhere(mask)}, set()
    for start in map(tuple, np.argwhere(mask)):
        if start not in left:
            continue
        region, front = set(), [start]
        while front:
            row, column = at = front.pop()
            if at in left:
                left.discard(at)
                region.add(at)
                front += [(row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)]
        best = max(best, region, key=len)
    found = np.zeros_like(mask)
    found[tuple(np.array(sorted(best)).T)] = True
    return found
