"""Nothing of the machine that a file was written on is in it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.docs.documents import ROOT

HOME_PATH = re.compile(r"/(?:home|Users|root|work|workspace)/[A-Za-z0-9_.-]+")
INDEX_OPTION = re.compile(r"(?:index[-_]url|find[-_]links|trusted[-_]host)\b", re.IGNORECASE)
URL_HOST = re.compile(r"https?://([A-Za-z0-9.-]+)")
BUILD_FILES = ("pyproject.toml", "constraints.txt", "Makefile", "Procfile", ".ci/run")


@pytest.fixture(scope="module")
def tracked_texts() -> dict[str, str]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("this is no git checkout, so nothing tells which files are tracked")
    texts = {}
    for name in filter(None, listed.stdout.split("\0")):
        path = ROOT / name
        if path.is_file():
            texts[name] = path.read_bytes().decode("utf-8", errors="replace")
    return texts


def found_in(texts: dict[str, str], pattern: re.Pattern[str]) -> list[str]:
    own = Path(__file__).relative_to(ROOT).as_posix()
    return [f"{name}: {match[0]}" for name, text in texts.items() if name != own for match in pattern.finditer(text)]


def test_no_path_of_a_persons_machine_is_in_a_tracked_file(tracked_texts):
    assert found_in(tracked_texts, HOME_PATH) == []
    assert found_in(tracked_texts, re.compile(re.escape(str(ROOT)) + r"\b")) == []


def test_no_file_says_where_packages_come_from(tracked_texts):
    assert found_in(tracked_texts, INDEX_OPTION) == []


@pytest.mark.parametrize("name", BUILD_FILES)
def test_build_files_name_no_host(name):
    assert URL_HOST.findall((ROOT / name).read_text("utf-8")) == []
