"""One segment of alphas: a ZIP archive of 8-bit grey PNG files, written once and never changed after it was closed.

Any alpha of a closed segment can be read on its own, in any order, and any tool can look into it. PNG keeps every bit and a checksum per file.
"""

from __future__ import annotations

import hashlib
import zipfile
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from persistence.disk import writing
from persistence.writers.png import png_bytes
from reelfleet.contract.base import Frozen

Alpha = NDArray[np.uint8]
"""One target's alpha of one frame: (height, width), 0 to 255."""
MEDIA_TYPE = "application/zip"


class Segment(Frozen):
    """A closed segment."""

    name: str = Field(pattern=r"^[0-9]{1,20}-[0-9]{1,10}\.zip$", description="file name, which no other segment of the job has")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    bytes: int = Field(ge=1)
    alphas: int = Field(ge=1, description="how many it holds")


def member_name(target: str, frame: int) -> str:
    """Return the name of an alpha within its segment."""
    return f"{target}/{frame:08d}.png"


class SegmentWriter:
    """Writes one segment; nobody reads it before :meth:`close`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._archive = zipfile.ZipFile(path, "w", zipfile.ZIP_STORED)
        self._count = 0

    def write(self, target: str, frame: int, alpha: Alpha) -> None:
        """Append an alpha.

        Raises:
            DiskFull, EncodeFailed: when it cannot be written.
        """
        png = png_bytes(alpha)
        with writing(self._path):
            self._archive.writestr(zipfile.ZipInfo(member_name(target, frame)), png)
        self._count += 1

    def close(self) -> Segment:
        """Finish the segment and return what identifies it.

        Raises:
            DiskFull, EncodeFailed: when it cannot be written.
        """
        with writing(self._path):
            self._archive.close()
            with self._path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            return Segment(name=self._path.name, sha256=digest, bytes=self._path.stat().st_size, alphas=self._count)

    def discard(self) -> None:
        """Remove what was written."""
        with suppress(OSError):
            # On a full disk it cannot be completed, and need not be.
            self._archive.close()
        with writing(self._path):
            self._path.unlink(missing_ok=True)
