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


class UnfinishedFile:
    """A file that is being written beside its place, under a name that nobody takes for a result.

    Whoever writes several files at once holds one of these for each; :func:`finish_file` is for one file after the other.

    Args:
        path: where the file goes; its folder exists.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.part = path.with_name(path.name + PART)
        """Where it is written until then."""

    def finish(self, *, probe: Callable[[Path], Facts], metadata: str | None = None) -> tuple[Finished, Facts]:
        """Give the file its name after it was reopened and found good.

        Args:
            probe: reopens the unfinished file, checks it and returns what it found; raises what is wrong.
            metadata: the JSON that was embedded; it is read back.

        Raises:
            DiskFull, EncodeFailed: when it is not good or cannot be kept; it has no name then and is still to be discarded.
        """
        with writing(self.path):
            facts = probe(self.part)
            if metadata is not None:
                _check_metadata(self.part, self.path, metadata)
            flush_file(self.part)
            with self.part.open("rb") as file:
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            size = self.part.stat().st_size
            self.part.replace(self.path)
            flush_file(self.path.parent)
        return Finished(self.path, size, sha256), facts

    def discard(self) -> None:
        """Remove the unfinished file; one that was finished stays."""
        with writing(self.path):
            self.part.unlink(missing_ok=True)


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
    unfinished = UnfinishedFile(path)
    try:
        with writing(path):
            write(unfinished.part)
        return unfinished.finish(probe=probe, metadata=metadata)
    except BaseException:
        unfinished.discard()
        raise


def _check_metadata(part: Path, path: Path, metadata: str) -> None:
    try:
        found = read_embedded(part, path.suffix)
    except InputUnreadable as error:
        raise EncodeFailed(f"{path.name}: its metadata does not come back: {error.message}", details={"path": str(path)}) from error
    if found != json.loads(metadata):
        raise EncodeFailed(f"{path.name}: its metadata does not come back as it was written", details={"path": str(path)})
