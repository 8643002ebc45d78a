"""The table that people read."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.matting.quality.metrics.registry import METRICS
from benchmarks.matting.quality.scoring import Row, means

MEAN = "mean"
FACTORS = {"MAD": "x1e3", "MSE": "x1e3", "Grad": "x1e-3", "Conn": "x1e-3", "dtSSD": "x1e2"}
HEADINGS = ("scene", "alphas from", *(f"{metric} {FACTORS[metric]}" for metric in METRICS))
DIGITS = 3
WORDS = 2
"""Columns of words; those of numbers stand to the right."""


def as_text(rows: Sequence[Row]) -> str:
    """Return the rows and at their end the means over all scenes, under headings, in aligned columns."""
    cells = [HEADINGS, *(_cells(row) for row in (*rows, *means(rows, MEAN)))]
    widths = [max(len(row[column]) for row in cells) for column in range(len(HEADINGS))]
    return "\n".join("  ".join(_aligned(row[column], column, width) for column, width in enumerate(widths)) for row in cells)


def _cells(row: Row) -> tuple[str, ...]:
    return row.scene, row.source, *(f"{row.errors[metric]:.{DIGITS}f}" for metric in METRICS)


def _aligned(cell: str, column: int, width: int) -> str:
    return cell.ljust(width) if column < WORDS else cell.rjust(width)
