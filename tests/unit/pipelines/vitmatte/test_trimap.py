"""A trimap leaves open what lies along the mask's outline."""

from __future__ import annotations

import pytest
import torch

from pipelines.vitmatte.trimap import NOT_TARGET, TARGET, UNKNOWN, band_of, trimap_of


def trimap(mask: torch.Tensor, band: int) -> torch.Tensor:
    return trimap_of(mask[None, None], band)[0, 0]


@pytest.fixture
def left_half() -> torch.Tensor:
    mask = torch.zeros(6, 12, dtype=torch.bool)
    mask[:, :6] = True
    return mask


def test_the_band_lies_on_both_sides_of_the_outline(left_half):
    row = trimap(left_half, band=2)[3]

    assert row.tolist() == [TARGET] * 4 + [UNKNOWN] * 4 + [NOT_TARGET] * 4


def test_a_target_that_the_edge_cuts_is_whole_there(left_half):
    made = trimap(left_half, band=2)

    assert (made[:, 0] == TARGET).all()


def test_what_is_thinner_than_the_band_is_unknown_throughout():
    mask = torch.zeros(9, 9, dtype=torch.bool)
    mask[4] = True

    assert set(trimap(mask, band=2)[2:7].flatten().tolist()) == {UNKNOWN}


@pytest.mark.parametrize(("value", "known"), [(True, TARGET), (False, NOT_TARGET)])
def test_a_mask_without_an_outline_leaves_nothing_open(value, known):
    assert (trimap(torch.full((5, 5), value), band=2) == known).all()


@pytest.mark.parametrize(("height", "width", "band"), [(1080, 1920, 13), (1920, 1080, 13), (2160, 3840, 26), (64, 64, 2)])
def test_the_band_grows_with_the_shorter_side(height, width, band):
    assert band_of(height, width) == band
