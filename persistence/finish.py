"""The way of every file: ``.part`` → reopened and checked → flushed → hashed → its name."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from persistence.disk import writing
from persistence.metadata import read_embedded
from reelfleet.contract.errors import EncodeFailed, InputUnreadable
from reelfleet.store.durable import PART, flush_file

Facts = TypeVar("Facts")


@dataclass(frozen=True)
class Finished:
    """A file that has its name."""

    path: Path
    bytes: int
    sha256: str


def finish_file(
    path: Path, *, write: Callable[[Path], None], probe: Callable[[Path], Facts], metadata: str | None = None
) -> tuple[Finished, Facts]:
    """Write ``path`` so that it gets its name only after it was reopened and found good.

    Args:
        path: where the file goes; its folder exists.
        write: writes all of the file, metadata included, to the path that it is given.
        probe: reopens that path, checks it and returns what it found; raises what is wrong.
        metadata: the JSON that ``write`` embedded; it is read back.

    Raises:
        DiskFull, EncodeFailed: when it cannot be written or is not good; nothing is left behind then.
    """
    part = path.with_name(path.name + PART)
    with writing(path):
        try:
            write(part)
            facts = probe(part)
            if metadata is not None:
                _check_metadata(part, path, metadata)
            flush_file(part)
            with part.open("rb") as file:
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            size = part.stat().st_size
            part.replace(path)
            flush_file(path.parent)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
    return Finished(path, size, sha256), facts


def _check_metadata(part: Path, path: Path, metadata: str) -> None:
    try:
        found = read_embedded(part, path.suffix)
    except InputUnreadable as error:
        raise EncodeFailed(f"{path.name}: its metadata does not come back: {error.message}", details={"path": str(path)}) from error
    if found != json.loads(metadata):
        raise EncodeFailed(f"{path.name}: its metadata does not come back as it was written", details={"path": str(path)})
