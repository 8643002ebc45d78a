from __future__ import annotations

import pytest

from tasks.checkpoints.clock import CheckpointClock


def clock(every_s: float = 20, share: float = 0.02, expected_s: float = 0.1) -> CheckpointClock:
    return CheckpointClock(every_s, share, began_at=100.0, expected_s=expected_s)


def test_first_one_is_due_after_the_interval():
    assert not clock().due(119.9)
    assert clock().due(120.0)


def test_next_one_is_due_an_interval_after_the_last():
    run = clock()
    run.took(0.1, now=125.0)

    assert not run.due(144.9)
    assert run.due(145.0)


def test_costly_checkpoints_become_rarer_so_that_they_stay_within_their_share():
    # Given a run whose checkpoint at 20 s took a whole second
    run = clock()
    run.took(1.0, now=120.0)

    # Then the next one, expected to take another second, waits until both are two hundredths of the run
    assert not run.due(199.9)
    assert run.due(200.0)


def test_short_run_is_not_checkpointed_when_that_would_cost_more_than_its_share():
    assert not clock(every_s=0, expected_s=0.1).due(104.9)
    assert clock(every_s=0, expected_s=0.1).due(105.0)


@pytest.mark.parametrize("cost_s", [0.01, 0.1, 0.5])
def test_all_checkpoints_of_a_run_stay_within_the_share_once_their_cost_is_known(cost_s):
    # Given checkpoints that cost what was expected
    run, spent = clock(every_s=1, expected_s=cost_s), 0.0

    # When a run of a thousand seconds takes every one that is due
    for now in range(100, 1100):
        if run.due(now):
            run.took(cost_s, now)
            spent += cost_s

    # Then they took no more than their share, and some were taken
    assert 0 < spent <= 0.02 * 1000


def test_bound_can_be_turned_off():
    run = clock(every_s=0, share=1, expected_s=50)

    assert run.due(100.0)
