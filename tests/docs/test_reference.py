"""The reference pages say what the code says."""

from __future__ import annotations

import pytest

from config.catalogue import SHIPPED_FOLDER
from deploy.docs.pages import FOLDER, PAGES, write_pages
from reelfleet.cli.main import VERBS
from reelfleet.contract.errors import ErrorCode
from tests.docs.documents import GENERATED


@pytest.mark.parametrize("name", PAGES)
def test_a_reference_page_is_what_the_code_gives(name):
    assert (FOLDER / name).read_text("utf-8") == PAGES[name](), f"docs/reference/{name} is out of date; run `make docs`"


def test_writing_the_pages_again_changes_nothing(tmp_path):
    write_pages(tmp_path)

    assert write_pages(tmp_path) == ()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(GENERATED)


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("errors.md", [code.value for code in ErrorCode]),
        ("cli.md", [f"reel {verb}" for verb in VERBS]),
        ("models.md", sorted(path.stem for path in SHIPPED_FOLDER.glob("*.toml"))),
    ],
)
def test_nothing_is_left_out(page, names):
    text = (FOLDER / page).read_text("utf-8")

    assert [name for name in names if f"`{name}`" not in text] == []
