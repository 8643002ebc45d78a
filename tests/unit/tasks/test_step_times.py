from __future__ import annotations

from tasks.stages.step_times import StepTimes


def after(*moments: float, factor: float = 10, least_s: float = 60, most_s: float = 600) -> StepTimes:
    times = StepTimes(factor, least_s, most_s)
    for moment in moments:
        times.stepped(moment)
    return times


def test_without_a_history_the_largest_limit_holds():
    assert after().limit_s == 600
    assert after(0, 30).limit_s == 600


def test_ten_median_steps_are_a_stall():
    assert after(0, 8, 16, 24, 32).limit_s == 80


def test_one_slow_step_does_not_stretch_the_limit():
    assert after(0, 8, 16, 216, 224).limit_s == 80


def test_quick_steps_have_the_least_limit():
    assert after(0, 1, 2, 3, 4).limit_s == 60


def test_no_limit_is_above_the_largest():
    assert after(0, 100, 200, 300, 400).limit_s == 600
