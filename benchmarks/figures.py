"""What is measured, as a table for people and as JSON for programs."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil


@dataclass(frozen=True)
class Figure:
    """One number."""

    key: str
    what: str
    value: float
    unit: str
    aim: str | None = None
    met: bool | None = None
    detail: str = ""
    samples: tuple[float, ...] = ()
    """What the value was taken from, in the order in which it was measured; in the JSON alone."""

    @property
    def text(self) -> str:
        """The value as it is read: a yes or no where that is what is asked."""
        if self.aim == "yes":
            return "yes" if self.met else "no"
        digits = 3 if not self.unit else 2
        return f"{self.value:.{digits}f} {self.unit}".rstrip()

    def row(self) -> tuple[str, ...]:
        """Return the cells of the table's row."""
        verdict = "" if self.met is None else "met" if self.met else "MISSED"
        return self.what, self.text, self.aim or "", verdict, self.detail


HEADINGS = ("measured", "value", "aim", "", "detail")


def percentile(values: list[float], percent: float) -> float:
    """Return the smallest value that ``percent`` per cent of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, ceil(len(ordered) * percent / 100) - 1)]


def as_text(figures: list[Figure]) -> str:
    """Return the table with aligned columns."""
    rows = [HEADINGS, *(figure.row() for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)


def as_markdown(figures: list[Figure]) -> str:
    """Return the table as it stands in docs/performance.md."""
    rows = [HEADINGS, ("---",) * len(HEADINGS), *(figure.row() for figure in figures)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
