"""Pieces of Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

NOTICE = "<!-- Written by `make docs` from the code; change the code, not this page. -->"


def page(title: str, *parts: str) -> str:
    """Return a page of a title and parts with an empty line between each two."""
    return "\n\n".join((NOTICE, f"# {title}", *(part.strip("\n") for part in parts))) + "\n"


def table(headers: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table; a pipe inside a cell is escaped."""
    lines = [_row(headers), _row("---" for _ in headers)]
    return "\n".join([*lines, *(_row(row) for row in rows)])


def code(text: object) -> str:
    """Return text as inline code, or a dash for nothing."""
    return f"`{text}`" if text not in {None, ""} else "-"


def listed(values: Iterable[object]) -> str:
    """Return values as inline code, separated by commas, or a dash for none."""
    return ", ".join(code(value) for value in values) or "-"


def console(text: str) -> str:
    """Return text as a block that is shown as it is."""
    return f"```text\n{text.rstrip()}\n```"


def _row(cells: Iterable[object]) -> str:
    return f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in cells)} |"
