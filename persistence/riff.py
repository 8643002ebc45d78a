"""The INFO comment of WAV files; libsndfile writes long ones that it cannot read back, and drops longer ones."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_HEADER = struct.Struct("<4sI")
_RIFF_BYTES = 12
_COMMENT = b"ICMT"


def with_info_comment(wav: bytes | memoryview, comment: str) -> bytes:
    """Return a WAV file with a comment added at its end, in UTF-8."""
    text = comment.encode() + b"\0"
    info = b"INFO" + _chunk(_COMMENT, text)
    body = bytes(wav[8:]) + _chunk(b"LIST", info)
    return _HEADER.pack(b"RIFF", len(body)) + body


def read_info_comment(path: Path) -> str | None:
    """Return the INFO comment of a WAV file.

    Raises:
        ValueError: when the file is no WAV file.
    """
    with path.open("rb") as file:
        start = file.read(_RIFF_BYTES)
        if start[:4] != b"RIFF" or start[8:] != b"WAVE":
            raise ValueError("not a WAV file")
        end = file.seek(0, 2)
        for name, begin, size in _chunks(file, _RIFF_BYTES, end):
            file.seek(begin)
            if name != b"LIST" or file.read(4) != b"INFO":
                continue
            for inner, inner_begin, inner_size in _chunks(file, begin + 4, begin + size):
                if inner == _COMMENT:
                    file.seek(inner_begin)
                    return file.read(inner_size).rstrip(b"\0").decode()
    return None


def _chunk(name: bytes, data: bytes) -> bytes:
    return _HEADER.pack(name, len(data)) + data + b"\0" * (len(data) % 2)


def _chunks(file: BinaryIO, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield name, first byte and size of each chunk; chunks begin at even places."""
    while start + _HEADER.size <= end:
        file.seek(start)
        name, size = _HEADER.unpack(file.read(_HEADER.size))
        yield name, start + _HEADER.size, size
        start += _HEADER.size + size + size % 2
