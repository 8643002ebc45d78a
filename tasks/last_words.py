"""What a pool child last wrote to stderr, kept where it survives the child.

A process that is killed by a signal cannot say why. Its stderr goes through ``tee`` into a file of the cache folder: the
worker's log looks as before, and the parent reads the end of the file into the diagnosis of the job.
"""

from __future__ import annotations

import faulthandler
import os
import shutil
import subprocess
import time
from pathlib import Path

FOLDER = "last-words"
TAIL_BYTES = 4096
KEPT_S = 24 * 3600


def file_of(cache_dir: Path, pid: int) -> Path:
    """Return the file that takes what a child writes to stderr."""
    return cache_dir / FOLDER / f"{pid}.log"


def keep_last_words(cache_dir: Path) -> None:
    """Send this process' stderr to its file as well, and have Python say where it was when a fault kills it.

    Without a ``tee`` on the machine stderr stays as it is, and a diagnosis has no tail.
    """
    tee = shutil.which("tee")
    if tee is None:
        return
    path = file_of(cache_dir, os.getpid())
    path.parent.mkdir(parents=True, exist_ok=True)
    _forget_old(path.parent)
    # In a session of its own, so that a signal to the worker's group does not cut it off before the last word.
    copier = subprocess.Popen([tee, str(path)], stdin=subprocess.PIPE, stdout=2, start_new_session=True)
    if copier.stdin is not None:
        os.dup2(copier.stdin.fileno(), 2)
        copier.stdin.close()
    faulthandler.enable()


def last_words_of(cache_dir: Path, pid: int | None) -> str:
    """Return the end of what a child wrote to stderr, and forget it."""
    if pid is None:
        return ""
    path = file_of(cache_dir, pid)
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - TAIL_BYTES))
            tail = file.read()
        path.unlink()
    except FileNotFoundError:
        return ""
    return tail.decode("utf-8", errors="replace")


def _forget_old(folder: Path) -> None:
    for path in folder.glob("*.log"):
        try:
            if time.time() - path.stat().st_mtime > KEPT_S:
                path.unlink()
        except FileNotFoundError:
            continue  # another child that starts was quicker
