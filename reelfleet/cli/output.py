"""Data goes to stdout, talk goes to stderr."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

# Prompts, notes and names come from anywhere; an escape sequence in them must not reach the terminal.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_UPPER_CONTROL = re.compile(r"[\x7f-\x9f]")
_TAB_AND_LINES = re.compile(r"[\t\r\n]+")
SHOWN_ID = 12
WIDE = 10_000
"""Columns of a table that nobody looks at: nothing is wrapped or cut in a pipe."""


def printable(text: object) -> str:
    """Return text on one line, without control characters."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", _TAB_AND_LINES.sub(" ", str(text)))


def plain(document: Any) -> Any:
    """Return models, and lists and mappings of them, as plain JSON data."""
    if hasattr(document, "model_dump"):
        return document.model_dump(mode="json", by_alias=True)
    if isinstance(document, dict):
        return {key: plain(value) for key, value in document.items()}
    if isinstance(document, list | tuple):
        return [plain(item) for item in document]
    return document


def write_line(text: str) -> None:
    """Write one line of data to stdout at once, so that a reader at the other end of a pipe sees it now."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def write_json(document: Any, *, indent: int | None = None) -> None:
    """Write a document to stdout, on one line unless an indent is given."""
    text = json.dumps(plain(document), ensure_ascii=False, indent=indent)
    # JSON escapes the controls below a space itself; these it leaves as they are.
    write_line(_UPPER_CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text))


def say(text: str) -> None:
    """Write talk to stderr, without control characters other than the ends of its lines."""
    sys.stderr.write("".join(f"{printable(line)}\n" for line in text.split("\n")))
    sys.stderr.flush()


def talk_console() -> Console:
    """Return a console on stderr, for progress."""
    from rich.console import Console  # noqa: PLC0415 - rich is loaded only where something is drawn

    return Console(stderr=True, markup=False, highlight=False)


def shown_id(job_id: str | None) -> str:
    """Return a job's id for a table: on a terminal its beginning, which names the job as well and leaves room; whole in a pipe."""
    return (job_id or "")[: SHOWN_ID if sys.stdout.isatty() else None]


def write_table(headers: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a table to stdout; in a pipe nothing is cut."""
    from rich.console import Console  # noqa: PLC0415 - as above
    from rich.table import Table  # noqa: PLC0415 - as above
    from rich.text import Text  # noqa: PLC0415 - as above

    console = Console(file=sys.stdout, markup=False, highlight=False, width=None if sys.stdout.isatty() else WIDE)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for header in headers:
        # An id or a name in two pieces cannot be copied.
        table.add_column(header, overflow="fold", no_wrap=header == headers[0])
    for row in rows:
        table.add_row(*(Text("-" if cell in {None, ""} else printable(cell)) for cell in row))
    # Not straight to stdout: rich would end the process when the reader has gone away.
    with console.capture() as drawn:
        console.print(table)
    write_line("\n".join(line.rstrip() for line in drawn.get().rstrip("\n").split("\n")))
