import statistics
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("reelfleet", "config", "persistence", "pipelines", "tasks", "deploy")
FILES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
LONGEST = 300
LONGER = {"reelfleet/contract/errors.py": 400}  # one list: every code and its exception side by side


def lines(path: Path) -> int:
    return len(path.read_text("utf-8").splitlines())


def test_there_are_files_to_look_at():
    assert len(FILES) > 20


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_is_short_enough_to_have_one_job(path):
    assert lines(path) <= LONGER.get(str(path.relative_to(ROOT)), LONGEST)


def test_most_files_fit_two_screens():
    assert statistics.median(lines(path) for path in FILES if path.name != "__init__.py") < 100


@pytest.mark.parametrize("room", ROOMS)
def test_every_package_folder_says_what_it_is_for(room):
    silent = [str(path.parent) for path in (ROOT / room).rglob("__init__.py") if not path.read_text("utf-8").startswith('"""')]

    assert silent == []
