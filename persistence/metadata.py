"""Reading back the metadata of an artifact."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import av
import soundfile
from PIL import Image
from PIL.ExifTags import IFD, Base

from persistence.metadata_text import EXIF_ASCII, PNG_KEYWORD, ZIP_MEMBER
from persistence.naming import sidecar_of
from persistence.riff import read_info_comment
from reelfleet.contract.errors import InputUnreadable

_LONGEST_MEMBER = 64 << 20
"""An archive of somebody else's may say that a few bytes become a terabyte."""


def read_metadata(path: Path) -> dict[str, Any] | None:
    """Return the metadata of an artifact: from its sidecar if there is one, else from inside; ``None`` when there is none.

    Raises:
        InputUnreadable: when the file cannot be opened, or is of no kind that reelfleet writes, or the metadata is not JSON.
    """
    sidecar = sidecar_of(path)
    if sidecar.exists():
        return _parse(sidecar, lambda: sidecar.read_text(encoding="utf-8"))
    return read_embedded(path, path.suffix)


def read_embedded(path: Path, suffix: str) -> dict[str, Any] | None:
    """Return the metadata inside a file whose kind is told by ``suffix`` (``.mp4``), whatever its own name.

    Raises:
        InputUnreadable: as :func:`read_metadata`.
    """
    reader = _READERS.get(suffix.lower())
    if reader is None:
        raise InputUnreadable(f"{path.name} is of no kind that reelfleet writes; {', '.join(_READERS)} are read")
    return _parse(path, lambda: reader(path))


def _parse(path: Path, read: Callable[[], str | None]) -> dict[str, Any] | None:
    try:
        text = read()
        data = None if text is None else json.loads(text)
    except (OSError, ValueError, SyntaxError, av.FFmpegError, soundfile.SoundFileError, zipfile.BadZipFile) as error:
        raise InputUnreadable(f"the metadata of {path.name} cannot be read: {error}", details={"path": str(path)}) from error
    if data is None or isinstance(data, dict):
        return data
    raise InputUnreadable(f"the metadata of {path.name} is not a JSON object", details={"path": str(path)})


def _from_container(path: Path) -> str | None:
    with av.open(str(path)) as container:
        tags = {name.lower(): value for name, value in container.metadata.items()}
        return tags.get("comment")


def _from_png(path: Path) -> str | None:
    with Image.open(path) as image:
        text = image.info.get(PNG_KEYWORD)
        return None if text is None else str(text)


def _from_exif(path: Path) -> str | None:
    with Image.open(path) as image:
        comment = image.getexif().get_ifd(IFD.Exif).get(Base.UserComment)
        if isinstance(comment, bytes) and comment.startswith(EXIF_ASCII):
            return comment.removeprefix(EXIF_ASCII).decode("ascii")
        return _from_xmp(image.info.get("xmp"))


def _from_xmp(packet: bytes | None) -> str | None:
    if packet is None:
        return None
    item = ET.fromstring(packet).find(".//{http://purl.org/dc/elements/1.1/}description//{*}li")  # noqa: S314 - entities are bounded by expat, and nothing is resolved
    return None if item is None else item.text


def _from_zip(path: Path) -> str | None:
    with zipfile.ZipFile(path) as archive:
        if ZIP_MEMBER not in archive.namelist():
            return None
        if archive.getinfo(ZIP_MEMBER).file_size > _LONGEST_MEMBER:
            raise ValueError(f"its {ZIP_MEMBER} is longer than {_LONGEST_MEMBER} bytes")
        return archive.read(ZIP_MEMBER).decode()


def _from_flac(path: Path) -> str | None:
    with soundfile.SoundFile(path) as file:
        return str(file.comment) or None


_READERS: dict[str, Callable[[Path], str | None]] = {
    **dict.fromkeys([".mp4", ".mov", ".mkv", ".webm"], _from_container),
    ".png": _from_png,
    **dict.fromkeys([".jpg", ".jpeg", ".webp"], _from_exif),
    ".wav": read_info_comment,
    ".flac": _from_flac,
    ".zip": _from_zip,
}
