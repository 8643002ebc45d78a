"""Figures as people read them."""

from __future__ import annotations

import pytest

from benchmarks.figures import HEADINGS, Figure, as_markdown, as_text, percentile

MET = Figure("ratio", "fleet / bare", 0.9, "", aim="< 1", met=True)
MISSED = Figure("p50", "submit to step: p50", 31.25, "ms", aim="<= 25 ms", met=False, detail="120 jobs")
AIMLESS = Figure("noop", "no-op task", 2.0, "ms")


@pytest.mark.parametrize(("percent", "expected"), [(50, 3.0), (99, 5.0), (1, 1.0), (100, 5.0)])
def test_a_percentile_is_the_least_value_that_so_many_do_not_exceed(percent, expected):
    values = [5.0, 1.0, 4.0, 2.0, 3.0]

    assert percentile(values, percent) == expected


def test_a_missed_aim_stands_out_and_a_figure_without_one_passes_no_verdict():
    met, missed, aimless = as_text([MET, MISSED, AIMLESS]).splitlines()[1:]

    assert "MISSED" in missed
    assert "MISSED" not in met
    assert "met" not in aimless
    assert "MISSED" not in aimless


def test_columns_of_the_table_stand_under_their_headings():
    heading, *rows = as_text([MET, MISSED]).splitlines()

    assert [row.index(figure.aim) for row, figure in zip(rows, (MET, MISSED), strict=True)] == [heading.index("aim")] * 2


def test_every_row_of_the_markdown_table_has_a_cell_for_each_heading():
    rows = as_markdown([MET, MISSED, AIMLESS]).splitlines()

    assert {row.count(" | ") for row in rows} == {len(HEADINGS) - 1}


@pytest.mark.parametrize(("met", "word"), [(True, "yes"), (False, "no")])
def test_a_question_is_answered_in_words(met, word):
    assert Figure("same", "pixels equal", float(met), "", aim="yes", met=met).text == word
