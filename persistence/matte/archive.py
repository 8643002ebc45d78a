"""Frames as a ZIP of PNG files, and the way back."""

from __future__ import annotations

import contextlib
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from persistence.disk import writing
from persistence.metadata_text import ZIP_MEMBER
from persistence.naming import frame_member
from persistence.writers.png import png_bytes
from reelfleet.contract.errors import EncodeFailed

MEDIA_TYPE = "application/zip"
_READABLE = 0o644 << 16


class FrameArchive:
    """A ZIP archive of frames that is being written.

    Members are stored, since PNG is compressed already, and carry the ZIP format's first date, so that the same frames give the same
    bytes. Beyond 4 GiB the archive is ZIP64.

    Args:
        path: where.
        metadata: JSON that becomes the first member, ``metadata.json``; none: there is no such member.

    Raises:
        DiskFull, EncodeFailed: when it cannot be written.
    """

    def __init__(self, path: Path, metadata: str | None) -> None:
        self._path = path
        with writing(path):
            self._file = path.open("wb")
        self._archive = zipfile.ZipFile(self._file, "w", zipfile.ZIP_STORED)
        try:
            if metadata is not None:
                self._add(ZIP_MEMBER, metadata.encode())
        except BaseException:
            self.close()
            raise

    def write(self, number: int, picture: NDArray[np.uint8]) -> None:
        """Append a frame.

        Args:
            number: of the frame in the source.
            picture: uint8, (height, width) for grey or (height, width, 3 or 4).

        Raises:
            DiskFull, EncodeFailed: when it cannot be written.
        """
        self._add(frame_member(number), png_bytes(picture))

    def finish(self) -> None:
        """Write the directory and close.

        Raises:
            DiskFull, EncodeFailed: when it cannot be written.
        """
        with writing(self._path):
            self._archive.close()
            self._file.close()

    def close(self) -> None:
        """Let go of the file as it is."""
        self._archive.fp = None  # otherwise it tries to write its directory when it is collected
        with contextlib.suppress(OSError):  # what stopped the writing is what counts
            self._file.close()

    def _add(self, name: str, data: bytes) -> None:
        member = zipfile.ZipInfo(name)
        member.external_attr = _READABLE
        with writing(self._path):
            self._archive.writestr(member, data)


@dataclass(frozen=True)
class ArchiveFacts:
    """An archive, every frame of which was decoded."""

    frames: tuple[str, ...]
    """Names, in order."""
    kinds: frozenset[tuple[str, int, int]]
    """Pillow's mode, width and height of the frames; one for an archive that is good."""


def probe_archive(path: Path) -> ArchiveFacts:
    """Decode every frame of an archive; checksums are compared as they are read.

    Raises:
        EncodeFailed: when it cannot be opened or a frame does not decode.
    """
    kinds: set[tuple[str, int, int]] = set()
    try:
        with zipfile.ZipFile(path) as archive:
            names = tuple(name for name in archive.namelist() if name != ZIP_MEMBER)
            for name in names:
                with Image.open(io.BytesIO(archive.read(name)), formats=("PNG",)) as image:
                    image.load()
                    kinds.add((image.mode, image.width, image.height))
    except (OSError, zipfile.BadZipFile, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise EncodeFailed(f"{path.name} does not decode: {error}", details={"path": str(path)}) from error
    return ArchiveFacts(names, frozenset(kinds))
