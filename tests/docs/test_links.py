"""Every link of the documentation leads somewhere, and every page can be reached."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.docs.documents import ROOT, anchors, links, pages


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def is_outside(target: str) -> bool:
    return target.startswith(("https://", "http://", "mailto:"))


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_links_of_a_page_resolve(page):
    broken = []
    for target in links(page):
        if is_outside(target):
            continue
        path, _, anchor = unquote(target).partition("#")
        found = (page.parent / path).resolve() if path else page
        if not found.exists() or (anchor and anchor not in anchors(found)):
            broken.append(target)

    assert broken == []


def test_every_page_can_be_reached_from_the_readme():
    # Given the readme
    reached, pending = set(), [ROOT / "README.md"]

    # When every link is followed
    while pending:
        page = pending.pop()
        if page in reached:
            continue
        reached.add(page)
        targets = (unquote(target).partition("#")[0] for target in links(page) if not is_outside(target))
        pending += [
            found
            for found in ((page.parent / target).resolve() for target in targets if target)
            if found.suffix == ".md" and found.exists()
        ]

    # Then no page is left over
    assert [name_of(page) for page in pages() if page not in reached] == []
