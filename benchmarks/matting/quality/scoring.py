"""Alphas against the truth of every scene."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.matting.quality.matters import Source
from benchmarks.matting.quality.metrics.form import Alpha
from benchmarks.matting.quality.metrics.registry import METRICS
from benchmarks.matting.quality.scenes.form import FULL, Scene


@dataclass(frozen=True)
class Row:
    """The errors of one source of alphas in one scene, by metric."""

    scene: str
    source: str
    errors: Mapping[str, float]


def score(scenes: Sequence[Scene], frames: int, sources: Mapping[str, Source]) -> Iterator[Row]:
    """Yield a row for each scene and source, in that order.

    Alphas are rounded to 8 bits, as they are delivered; the truth they are compared with is not.

    Args:
        scenes: what is matted.
        frames: of each scene.
        sources: of alphas, by the name they have in the table.

    Raises:
        ValueError: ``frames`` is below 1, or a source gives other alphas than one for each frame, of its size.
    """
    for scene in scenes:
        clip = scene.shoot(frames)
        for name, source in sources.items():
            alphas = [_delivered(alpha) for alpha in source(clip)]
            yield Row(scene.name, name, {metric: error(alphas, clip.alphas) for metric, error in METRICS.items()})


def means(rows: Sequence[Row], title: str) -> list[Row]:
    """Return for each source, in order of appearance, the plain mean of its errors over the scenes; ``title`` stands for the scene."""
    sources = dict.fromkeys(row.source for row in rows)
    found = {source: [row.errors for row in rows if row.source == source] for source in sources}
    return [
        Row(title, source, {metric: float(np.mean([errors[metric] for errors in all_of_it])) for metric in METRICS})
        for source, all_of_it in found.items()
    ]


def _delivered(alpha: Alpha) -> Alpha:
    rounded: Alpha = np.rint(alpha * np.float32(FULL)) / np.float32(FULL)
    return rounded
