"""Files that are whole or not there: written beside their place, flushed, moved in one step."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PART = ".part"
"""How the name of an unfinished file ends; such files are never listed and may be swept when they are old."""


@contextmanager
def part_beside(path: Path) -> Iterator[Path]:
    """Yield a fresh unfinished name in the folder of ``path``, made if need be; what is left there at the end is removed.

    Same folder means same filesystem, without which the move would not be one step.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name[:100]}.{secrets.token_hex(6)}{PART}")
    try:
        yield part
    finally:
        part.unlink(missing_ok=True)


def flush_file(path: Path) -> None:
    """Force the contents of a file (or folder: its names) to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def move_into_place(part: Path, path: Path) -> None:
    """Flush ``part``, move it to ``path`` and flush the folder, so that a power cut leaves the old file or the new one."""
    flush_file(part)
    part.replace(path)
    flush_file(path.parent)


def write_durably(path: Path, data: bytes) -> None:
    """Write a small file so that it is whole or not there.

    Raises:
        OSError: as the filesystem says.
    """
    with part_beside(path) as part:
        part.write_bytes(data)
        move_into_place(part, path)
