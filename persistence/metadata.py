"""Reading back the metadata of an artifact."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import av
import soundfile
from PIL import Image
from PIL.ExifTags import IFD, Base

from persistence.metadata_text import EXIF_ASCII, PNG_KEYWORD
from persistence.sidecar import sidecar_of
from reelfleet.contract.errors import InputUnreadable


def read_metadata(path: Path) -> dict[str, Any] | None:
    """Return the metadata of an artifact: from its sidecar if there is one, else from inside; ``None`` when there is none.

    Raises:
        InputUnreadable: when the file cannot be opened, or is of no kind that reelfleet writes, or the metadata is not JSON.
    """
    sidecar = sidecar_of(path)
    try:
        text = sidecar.read_text(encoding="utf-8") if sidecar.exists() else _reader_of(path)(path)
        return None if text is None else _as_object(json.loads(text))
    except (OSError, ValueError, SyntaxError, av.FFmpegError, soundfile.SoundFileError) as error:
        raise InputUnreadable(f"the metadata of {path.name} cannot be read: {error}", details={"path": str(path)}) from error


def _reader_of(path: Path) -> Callable[[Path], str | None]:
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise InputUnreadable(f"{path.name} is of no kind that reelfleet writes; {', '.join(_READERS)} are read")
    return reader


def _as_object(data: Any) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise ValueError("it is not a JSON object")  # noqa: TRY004 - what is wrong is the file's value, not a caller's type
    return data


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


def _from_sound(path: Path) -> str | None:
    with soundfile.SoundFile(path) as file:
        return file.comment or None


_READERS: dict[str, Callable[[Path], str | None]] = {
    **dict.fromkeys([".mp4", ".mov", ".mkv", ".webm"], _from_container),
    ".png": _from_png,
    **dict.fromkeys([".jpg", ".jpeg", ".webp"], _from_exif),
    **dict.fromkeys([".wav", ".flac"], _from_sound),
}
