"""The table: its rows, its means, and what the command prints."""

from __future__ import annotations

import json

import numpy as np
import pytest

from benchmarks.matting.quality.__main__ import main
from benchmarks.matting.quality.matters import HELD_MASK, TRUTH, references
from benchmarks.matting.quality.metrics.registry import METRICS
from benchmarks.matting.quality.scenes.form import Scene, shot
from benchmarks.matting.quality.scenes.registry import SCENES
from benchmarks.matting.quality.scoring import Row, means, score
from benchmarks.matting.quality.table import HEADINGS, as_text

TWO = [SCENES["hole"], SCENES["odd-size"]]
FRAMES = 3


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return list(score(TWO, FRAMES, references()))


def errors(rows, source):
    return [row.errors for row in rows if row.source == source]


def test_every_scene_has_a_row_for_each_source_and_a_figure_for_each_metric(rows):
    assert [(row.scene, row.source) for row in rows] == [(scene.name, name) for scene in TWO for name in (HELD_MASK, TRUTH)]
    assert {tuple(row.errors) for row in rows} == {tuple(METRICS)}


def test_rounding_alone_is_next_to_no_error(rows):
    assert all(0 < figures["MAD"] < 0.5 for figures in errors(rows, TRUTH))


@pytest.mark.parametrize("metric", METRICS)
def test_a_mask_that_is_held_is_worse_than_the_truth_by_every_metric(rows, metric):
    held, true = ([figures[metric] for figures in errors(rows, source)] for source in (HELD_MASK, TRUTH))

    assert min(held) > 10 * max(true)


def test_alphas_are_scored_as_they_are_delivered():
    thirds = Scene("thirds", "", lambda frames: iter([shot(np.zeros((4, 4)), np.zeros((4, 4, 3)), np.zeros((4, 4, 3)))] * frames))

    (row,) = score([thirds], 1, {"third": lambda _: [np.full((4, 4), 1 / 3 + 0.001, np.float32)]})

    assert row.errors["MAD"] == pytest.approx(85 / 255 * 1e3)


def test_a_source_that_gives_too_few_alphas_is_refused():
    with pytest.raises(ValueError, match="2 estimated alphas cannot be compared with 3"):
        list(score(TWO, FRAMES, {"short": lambda clip: clip.alphas[:2]}))


def test_means_are_over_scenes_and_by_source(rows):
    held, true = means(rows, "mean")

    assert (held.source, true.source) == (HELD_MASK, TRUTH)
    assert held.errors["MAD"] == pytest.approx(sum(figures["MAD"] for figures in errors(rows, HELD_MASK)) / 2)


def test_the_table_ends_with_the_means(rows):
    lines = as_text(rows).splitlines()

    assert [line.split()[0] for line in lines] == ["scene", "hole", "hole", "odd-size", "odd-size", "mean", "mean"]


def test_the_figures_of_the_table_stand_under_their_headings(rows):
    heading, *lines = as_text(rows).splitlines()
    ends = [heading.index(name) + len(name) for name in HEADINGS[2:]]

    assert all(line[end - 1].isdigit() and line[end : end + 1] in ("", " ") for line in lines for end in ends)


def test_the_command_prints_the_table_and_writes_the_figures(capsys, tmp_path):
    status = main(["--backend", "none", "--scene", "hole", "--scene", "odd-size", "--frames", "3", "--json", str(tmp_path / "out.json")])

    written = json.loads((tmp_path / "out.json").read_text("utf-8"))
    assert status == 0
    assert [row["scene"] for row in written["rows"]] == ["hole", "hole", "odd-size", "odd-size"]
    assert "mask held still" in capsys.readouterr().out


def test_a_table_of_references_says_nothing_of_random_weights(capsys):
    main(["--backend", "none", "--scene", "odd-size", "--frames", "1"])

    assert "random" not in capsys.readouterr().out


def test_weights_that_are_not_there_are_told_before_anything_is_matted(capsys, tmp_path):
    status = main(["--weights", str(tmp_path / "absent.safetensors")])

    told = capsys.readouterr()
    assert status == 2
    assert "there is no file" in told.err
    assert not told.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--frames", "0"], "1 or more"),
        (["--scene", "rain"], "invalid choice"),
        (["--backend", "none", "--weights", "some.pth"], "needs a backend"),
        (["--json", "absent/folder/out.json"], "no folder"),
    ],
)
def test_options_that_make_no_sense_are_refused(capsys, arguments, said):
    with pytest.raises(SystemExit) as refused:
        main(arguments)

    assert refused.value.code == 2
    assert said in capsys.readouterr().err


def test_the_network_goes_the_same_way_and_random_weights_are_called_so(capsys, monkeypatch):
    small = Scene("small", "", lambda frames: (shot(*small_picture(t)) for t in range(frames)))
    monkeypatch.setattr("benchmarks.matting.quality.__main__.SCENES", {"small": small})

    status = main(["--frames", "2"])

    out = capsys.readouterr().out
    assert status == 0
    assert "tell nothing of quality" in out
    assert [line.split()[:2] for line in out.splitlines() if "matanyone  " in line] == [["small", "matanyone"], ["mean", "matanyone"]]


def small_picture(t):
    y, x = np.mgrid[0:32, 0:48]
    alpha = (np.hypot(x - 20 - t, y - 16) < 9).astype(float)
    return alpha, np.full((32, 48, 3), 0.8), np.stack([x / 48, y / 32, 0.2 + 0 * x], axis=-1)
