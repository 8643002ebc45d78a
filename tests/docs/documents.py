"""Reading the documentation: pages, headings, links, blocks of code and the marks above them.

A mark is a comment on the line before a block, invisible when the page is shown:

``<!-- test: fleet -->``
    The block is run against a real fleet. The blocks of a page run in order, in one shell, as a reader would type them;
    Python blocks that follow each other share one interpreter.
``<!-- test: file NAME -->``
    The block is put into the file NAME of the reader's folder, for the blocks after it.
``<!-- test: no, REASON -->``
    It is not run, and REASON says why.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SHELL, PYTHON = frozenset({"sh", "console"}), "python"
GENERATED = ("cli.md", "errors.md", "models.md", "names.md", "settings.md")

_MARK = re.compile(r"\s*<!-- test: (?P<mark>.+) -->\s*")
_FENCE = re.compile(r"(?P<indent>\s*)```(?P<language>\w*)\s*")
_LINK = re.compile(r"(?<!!)\[(?:[^\[\]]|\[[^\[\]]*\])*\]\((?P<target>[^()\s]+)\)")
_INLINE = re.compile(r"`([^`\n]+)`")


@dataclass(frozen=True)
class Block:
    """One fenced block."""

    page: Path
    line: int
    language: str
    text: str
    mark: str

    @property
    def runs(self) -> bool:
        return self.mark == "fleet" or self.file is not None

    @property
    def file(self) -> str | None:
        """The file that the block is put into instead of being run."""
        return self.mark.removeprefix("file ") if self.mark.startswith("file ") else None

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line} ({self.language})"


def pages() -> list[Path]:
    """README, changelog and everything below docs."""
    return [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]


def guides() -> list[Path]:
    """Pages that a reader follows with a terminal beside them."""
    return [ROOT / "README.md", ROOT / "docs" / "quickstart.md", *sorted((ROOT / "docs" / "howto").rglob("*.md"))]


def blocks(page: Path) -> list[Block]:
    """The page's fenced blocks."""
    found: list[Block] = []
    lines = page.read_text("utf-8").splitlines()
    number, mark = 0, ""
    while number < len(lines):
        line = lines[number]
        if (marked := _MARK.fullmatch(line)) is not None:
            mark = marked["mark"]
        elif (fence := _FENCE.fullmatch(line)) is not None:
            end = next(at for at in range(number + 1, len(lines)) if lines[at].strip() == "```")
            text = "\n".join(body.removeprefix(fence["indent"]) for body in lines[number + 1 : end])
            found.append(Block(page, number + 1, fence["language"], text, mark))
            number, mark = end, ""
        elif line.strip():
            mark = ""
        number += 1
    return found


def prose(page: Path) -> str:
    """The page without its fenced blocks."""
    lines, inside = [], False
    for line in page.read_text("utf-8").splitlines():
        if line.strip().startswith("```"):
            inside = not inside
        elif not inside:
            lines.append(line)
    return "\n".join(lines)


def links(page: Path) -> list[str]:
    return [match["target"] for match in _LINK.finditer(prose(page))]


def anchors(page: Path) -> set[str]:
    """What a link to a heading of this page may name after ``#``, as the usual viewers form it."""
    headings = [line.lstrip("#").strip() for line in prose(page).splitlines() if re.match(r"#{1,6} ", line)]
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def commands_shown(page: Path) -> list[str]:
    """Every line of code: in shell blocks the commands, in prose what stands in backticks."""
    shown = [match[1] for match in _INLINE.finditer(prose(page))]
    for block in blocks(page):
        if block.language in SHELL:
            shown += [line.removeprefix("$ ").strip() for line in block.text.splitlines()]
    return shown
