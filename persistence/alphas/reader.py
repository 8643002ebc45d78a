"""Reads the alphas of a finished matting, one at a time and in any order."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path
from typing import Self

import numpy as np
from PIL import Image
from pydantic import ValidationError

from persistence.alphas.index import INDEX_NAME, AlphaIndex
from persistence.alphas.segment import Alpha, Segment, member_name
from persistence.boot import boot_id
from reelfleet.contract.errors import EncodeFailed

KEPT_OPEN = 16
"""Segments; each group of targets is at another one."""
DAMAGED = (OSError, zipfile.BadZipFile, SyntaxError, ValueError)


class AlphaReader:
    """Holds what lies in which segment, and no pixels. A context manager: it keeps a few segments open.

    Args:
        folder: of the attempt that finished, with its index.
        segments: of the job's segments.

    Raises:
        EncodeFailed: when the index or an alpha is missing, a segment is not as it was closed, or all is of another boot of the machine;
            ``details["spool"]`` says which. The alphas must be made again.
    """

    def __init__(self, folder: Path, segments: Path) -> None:
        self._folder, self._segments = folder, segments
        index = _read_index(folder)
        self.targets, self.width, self.height = index.targets, index.width, index.height
        self.start, self.count = index.start, index.count
        if index.boot_id is not None and index.boot_id != boot_id():
            raise _unusable(folder, "the machine was started anew since, and what was not flushed is lost", "stale")
        self._archives: dict[Path, zipfile.ZipFile] = {}
        """The most recently used last."""
        self._places = {name: path for segment in index.segments for name, path in self._members(segment)}
        self._check_complete()

    def alpha(self, target: str, frame: int) -> Alpha:
        """Return a target's alpha of a frame, uint8 (height, width).

        Raises:
            EncodeFailed: when it cannot be decoded.
        """
        name = member_name(target, frame)
        try:
            with self._opened(self._places[name]).open(name) as file, Image.open(file, formats=("PNG",)) as image:
                alpha = np.asarray(image)
        except DAMAGED as error:
            raise _unusable(self._folder, f"{name} does not decode: {error}", "corrupt") from error
        if alpha.dtype != np.uint8 or alpha.shape != (self.height, self.width):
            raise _unusable(self._folder, f"{name} is {alpha.dtype} {alpha.shape}", "corrupt")
        return alpha

    def close(self) -> None:
        """Close the segments."""
        for archive in self._archives.values():
            archive.close()
        self._archives.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _opened(self, path: Path) -> zipfile.ZipFile:
        archive = self._archives.pop(path, None) or zipfile.ZipFile(path)
        self._archives[path] = archive
        if len(self._archives) > KEPT_OPEN:
            self._archives.pop(next(iter(self._archives))).close()
        return archive

    def _members(self, segment: Segment) -> list[tuple[str, Path]]:
        path = self._segments / segment.name
        if not is_whole(path, segment):
            raise _unusable(self._folder, f"{segment.name} is not as it was closed, or gone", "corrupt")
        try:
            with zipfile.ZipFile(path) as archive:
                return [(name, path) for name in archive.namelist()]
        except DAMAGED as error:
            raise _unusable(self._folder, f"{segment.name} cannot be opened: {error}", "corrupt") from error

    def _check_complete(self) -> None:
        frames = range(self.start, self.start + self.count)
        missing = [name for target in self.targets for frame in frames if (name := member_name(target, frame)) not in self._places]
        if missing:
            raise _unusable(self._folder, f"{len(missing)} alphas are missing, the first is {missing[0]}", "corrupt")


def is_whole(path: Path, segment: Segment) -> bool:
    """Return whether a file is a segment as it was closed."""
    try:
        if path.stat().st_size != segment.bytes:
            return False
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == segment.sha256
    except OSError:
        return False


def _read_index(folder: Path) -> AlphaIndex:
    try:
        return AlphaIndex.model_validate_json((folder / INDEX_NAME).read_bytes())
    except FileNotFoundError as error:
        what = "unfinished" if folder.is_dir() else "missing"
        raise _unusable(folder, f"it is {what}", what) from error
    except (ValidationError, OSError) as error:
        raise _unusable(folder, f"its index cannot be read: {error}", "corrupt") from error


def _unusable(folder: Path, why: str, kind: str) -> EncodeFailed:
    return EncodeFailed(f"the alphas in {folder} cannot be used: {why}; they must be made again", details={"spool": kind})
