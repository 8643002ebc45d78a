"""What SAM 2 is asked on the next frame follows from the last mask."""

from __future__ import annotations

import torch

from pipelines.vitmatte.carrying import POINTS, STEEPEST, SURE, logits_of, prompts_of

SIDE, GRID = 128, 32
CELL = SIDE // GRID


def logits(*areas: tuple[slice, slice], value: float = 5.0) -> torch.Tensor:
    made = torch.full((1, 1, GRID, GRID), -value)
    for rows, columns in areas:
        made[0, 0, rows, columns] = value
    return made


def test_the_box_goes_around_the_mask():
    prompts = prompts_of(logits((slice(4, 10), slice(8, 20))), SIDE)

    assert prompts.box == (8 * CELL, 4 * CELL, 20 * CELL, 10 * CELL)


def test_the_first_point_is_where_the_mask_is_deepest():
    prompts = prompts_of(logits((slice(4, 9), slice(8, 13)), (slice(20, 23), slice(20, 23))), SIDE)

    assert prompts.points[0] == (10.5 * CELL, 6.5 * CELL)


def test_every_point_is_inside_and_no_two_are_the_same():
    # Given: a ring, whose middle is not the target
    ring = logits((slice(4, 24), slice(4, 24)))
    ring[0, 0, 9:19, 9:19] = -5

    # When
    points = prompts_of(ring, SIDE).points

    # Then
    assert all(ring[0, 0, int(y // CELL), int(x // CELL)] > 0 for x, y in points)
    assert len(set(points)) == len(points) == POINTS


def test_a_target_without_room_gets_fewer_points():
    assert len(prompts_of(logits((slice(4, 5), slice(4, 5))), SIDE).points) == 1


def test_the_mask_itself_is_asked_for_within_bounds():
    prompts = prompts_of(logits((slice(4, 10), slice(8, 20)), value=90.0), SIDE)

    assert (prompts.mask.min(), prompts.mask.max()) == (-STEEPEST, STEEPEST)


def test_no_mask_asks_for_nothing():
    assert prompts_of(logits(), SIDE) is None


def test_a_given_mask_is_sure_of_itself_inside_and_outside():
    # Given
    mask = torch.zeros(1, 1, 96, 160)
    mask[..., :80] = 255

    # When
    made = logits_of(mask, GRID)

    # Then
    assert made.shape == (1, 1, GRID, GRID)
    torch.testing.assert_close(made[0, 0, :, 0], torch.full((GRID,), SURE))
    torch.testing.assert_close(made[0, 0, :, -1], torch.full((GRID,), -SURE))
