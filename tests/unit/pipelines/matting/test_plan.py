"""From masks at frames to runs."""

from __future__ import annotations

import pytest

from pipelines.matting.plan import Run, locate, plan_runs, total
from tests.unit.pipelines.matting.specs import matting_spec


def visited(run: Run) -> list[int]:
    """The frames that get their alphas from a run, in its order."""
    return list(range(run.at - 1, run.last - 1, -1)) if run.backward else list(range(run.at, run.last + 1))


def told(runs: tuple[Run, ...]) -> list[tuple[int, list[int]]]:
    return [(run.at, visited(run)) for run in runs]


def test_a_mask_of_the_first_frame_makes_one_run_forward():
    runs = plan_runs(matting_spec(frames=4))

    assert told(runs) == [(0, [0, 1, 2, 3])]


def test_a_mask_in_the_middle_is_propagated_both_ways():
    runs = plan_runs(matting_spec(frames=5, masks=[("subject", 3)]))

    assert told(runs) == [(3, [3, 4]), (3, [2, 1, 0])]


def test_every_frame_belongs_to_the_nearest_mask_and_in_the_middle_to_the_earlier():
    runs = plan_runs(matting_spec(frames=10, masks=[("subject", 2), ("subject", 6)]))

    assert told(runs) == [(2, [2, 3, 4]), (2, [1, 0]), (6, [6, 7, 8, 9]), (6, [5])]


def test_targets_with_masks_at_the_same_frames_run_together():
    runs = plan_runs(matting_spec(frames=3, masks=[("dog", 0), ("cat", 0), ("bird", 2)]))

    assert [(run.targets, run.at, run.backward) for run in runs] == [
        (("dog", "cat"), 0, False),
        (("bird",), 2, False),
        (("bird",), 2, True),
    ]


def test_a_range_is_all_that_is_planned():
    runs = plan_runs(matting_spec(frames=20, start=5, end=9, masks=[("subject", 6)]))

    assert told(runs) == [(6, [6, 7, 8]), (6, [5])]


@pytest.mark.parametrize(("done", "place"), [(0, (0, 0)), (2, (0, 2)), (3, (1, 0)), (4, (1, 1)), (5, (2, 0)), (10, (4, 0))])
def test_a_number_of_done_frames_tells_where_to_go_on(done, place):
    runs = plan_runs(matting_spec(frames=10, masks=[("subject", 2), ("subject", 6)]))

    assert total(runs) == 10
    assert locate(runs, done) == place
