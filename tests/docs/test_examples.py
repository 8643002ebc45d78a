"""The examples of the documentation, run as a reader would run them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.docs.documents import PYTHON, ROOT, SHELL, blocks, guides
from tests.docs.session import missing_line, run_blocks

pytestmark = pytest.mark.xdist_group("shared_fleet")

WITH_EXAMPLES = [page for page in guides() if any(block.runs for block in blocks(page))]


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.fixture
def readers_environment(shared_fleet, tmp_path):
    """The variables that `python -m deploy.local env` would print, in a home of its own."""
    names = ("REEL_BROKER_URL", "REEL_STORE_URL", "REEL_CACHE_DIR")
    outside = {name: value for name, value in os.environ.items() if not name.startswith(("REEL_", "AWS_"))}
    return {
        **outside,
        **{name: shared_fleet.env[name] for name in names},
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "COLUMNS": "160",
    }


@pytest.fixture(autouse=True)
def nothing_stays_paused(shared_fleet):
    """An example that failed between pause and resume must not stop the tests after it."""
    yield
    for scope in shared_fleet.ledger.pauses.all():
        shared_fleet.ledger.pauses.resume(scope)


@pytest.mark.parametrize("page", WITH_EXAMPLES, ids=name_of)
def test_the_examples_of_a_page_run_in_order_and_print_what_it_shows(page, readers_environment, tmp_path):
    # Given a reader with a fleet
    examples = [block for block in blocks(page) if block.runs]
    folder = tmp_path / "reader"
    folder.mkdir()
    Image.new("RGB", (64, 64), "red").save(folder / "start.png")

    # When they type the page from top to bottom
    outputs = run_blocks(examples, folder=folder, environment=readers_environment)

    # Then everything works, and what the page shows is what they see
    for block, output in zip(examples, outputs, strict=True):
        if block.language == "console":
            missing = missing_line(block, output)
            assert missing is None, f"{block} shows {missing!r}, and this came:\n{output}"


@pytest.mark.parametrize("page", guides(), ids=name_of)
def test_every_example_is_run_or_says_why_not(page):
    unmarked = [
        str(block) for block in blocks(page) if block.language in {*SHELL, PYTHON} and not block.runs and not block.mark.startswith("no, ")
    ]

    assert unmarked == []
