"""Masks grow and shrink by the ellipse that OpenCV has."""

from __future__ import annotations

import numpy as np
import pytest

from persistence.source.morphology import ellipse_rows, grow_then_shrink

# OpenCV's getStructuringElement(MORPH_ELLIPSE, (d, d)), a row a string.
ELLIPSES = {
    1: ["1"],
    2: ["01", "11"],
    3: ["010", "111", "010"],
    5: ["00100", "11111", "11111", "11111", "00100"],
    7: ["0001000", "0111110", "1111111", "1111111", "1111111", "0111110", "0001000"],
}


def dot(size: int = 15) -> np.ndarray:
    mask = np.zeros((size, size), np.uint8)
    mask[size // 2, size // 2] = 255
    return mask


@pytest.mark.parametrize("diameter", sorted(ELLIPSES))
def test_the_ellipse_is_that_of_opencv(diameter):
    drawn = []
    for left, right in ellipse_rows(diameter):
        columns = range(-(diameter // 2), diameter - diameter // 2)
        drawn.append("".join("1" if left <= column < right else "0" for column in columns))

    assert drawn == ELLIPSES[diameter]


def by_definition(mask: np.ndarray, diameter: int) -> np.ndarray:
    """Dilation pixel by pixel, with the ellipse above; outside is nothing."""
    grown = np.zeros_like(mask)
    for y, x in np.argwhere(np.ones_like(mask)):
        for row, line in enumerate(ELLIPSES[diameter]):
            for column, bit in enumerate(line):
                at = (y + row - diameter // 2, x + column - diameter // 2)
                if bit == "1" and 0 <= at[0] < mask.shape[0] and 0 <= at[1] < mask.shape[1] and mask[at]:
                    grown[y, x] = 255
    return grown


@pytest.mark.parametrize("diameter", [2, 3, 5, 7])
def test_growing_is_dilation_by_definition_up_to_the_borders(diameter):
    mask = (np.random.default_rng(3).random((12, 17)) < 0.05).astype(np.uint8) * 255
    mask[0, 0] = mask[-1, -1] = 255

    assert np.array_equal(grow_then_shrink(mask, dilate=diameter, erode=0), by_definition(mask, diameter))


def test_a_small_target_far_from_the_borders_grows_as_by_definition():
    # Given a picture of which most is out of reach
    mask = np.zeros((40, 60), np.uint8)
    mask[20:23, 30:37] = 255

    assert np.array_equal(grow_then_shrink(mask, dilate=5, erode=0), by_definition(mask, 5))


@pytest.mark.parametrize("diameter", [3, 7])
def test_shrinking_is_growing_of_the_rest_and_does_not_come_from_the_borders(diameter):
    mask = (np.random.default_rng(3).random((12, 17)) < 0.95).astype(np.uint8) * 255

    shrunk = grow_then_shrink(mask, dilate=0, erode=diameter)

    assert np.array_equal(shrunk, 255 - by_definition(255 - mask, diameter))


def test_it_grows_first_and_shrinks_then():
    # Given a dot, which shrinking first would remove
    mask = grow_then_shrink(dot(), dilate=7, erode=3)

    assert 255 in mask
    assert not grow_then_shrink(dot(), dilate=0, erode=3).any()


def test_grey_pixels_grow_and_do_not_withstand():
    mask = dot()
    mask[7, 7] = 100

    assert grow_then_shrink(mask, dilate=3, erode=0).max() == 255
    assert grow_then_shrink(mask, dilate=0, erode=1).max() == 0


def test_without_either_the_mask_stays_as_it_is():
    mask = np.arange(64, dtype=np.uint8).reshape(8, 8)

    assert np.array_equal(grow_then_shrink(mask, dilate=0, erode=0), mask)


def test_a_kernel_larger_than_the_picture_reaches_everything():
    assert (grow_then_shrink(dot(9), dilate=31, erode=0) == 255).all()
