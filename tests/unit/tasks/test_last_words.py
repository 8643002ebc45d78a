from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tasks.last_words import file_of, last_words_of
from tests.fixtures.waiting import wait_until

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = "import os, sys; from pathlib import Path; from tasks.last_words import keep_last_words; keep_last_words(Path(sys.argv[1])); {}"


def die(folder: Path, words: str) -> tuple[int, str, int]:
    """Run a process that dies of its own words; return its pid, what it wrote to stderr and its status."""
    process = subprocess.Popen([sys.executable, "-c", SCRIPT.format(words), str(folder)], cwd=ROOT, stderr=subprocess.PIPE, text=True)
    _, told = process.communicate(timeout=60)
    return process.pid, told, process.returncode


def test_what_a_killed_process_wrote_last_is_known_and_still_in_the_log(tmp_path):
    pid, told, status = die(tmp_path, "os.write(2, b'the end is near'); os.kill(os.getpid(), 9)")

    assert status == -signal.SIGKILL
    assert told == "the end is near"
    assert last_words_of(tmp_path, pid) == "the end is near"


def test_segfault_leaves_the_place_where_it_happened(tmp_path):
    pid, _, status = die(tmp_path, "import ctypes; ctypes.string_at(0)")

    assert status == -signal.SIGSEGV
    assert "string_at" in last_words_of(tmp_path, pid)


def test_only_the_end_of_many_words_is_kept(tmp_path):
    pid, _, _ = die(tmp_path, "sys.stderr.write('x' * 100_000 + ' last'); sys.stderr.flush()")

    wait_until(lambda: file_of(tmp_path, pid).stat().st_size > 100_000, what="the copy")
    found = last_words_of(tmp_path, pid)
    assert len(found) == 4096
    assert found.endswith(" last")


@pytest.mark.parametrize("pid", [None, 4_000_000])
def test_process_that_nobody_knows_has_no_words(tmp_path, pid):
    assert last_words_of(tmp_path, pid) == ""
