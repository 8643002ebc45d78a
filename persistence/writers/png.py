"""PNG; lossless, so the quality says nothing."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin

from persistence.disk import writing
from persistence.metadata_text import PNG_KEYWORD
from persistence.spool import Frame

FAST = 1
"""Compression that writes megapixels several times faster than the default 6, and files a few per cent larger."""


def png_bytes(picture: NDArray[np.uint8]) -> bytes:
    """Return a picture as the bytes of a PNG file: uint8, (height, width) for grey or (height, width, 3 or 4)."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, format="PNG", compress_level=FAST)
    return file.getvalue()


def write_png(path: Path, rgb: Frame, quality: int, metadata: str | None) -> None:  # noqa: ARG001 - every image writer is called alike
    """Write one image, with metadata as UTF-8 text (iTXt).

    Raises:
        DiskFull, EncodeFailed: when it cannot be written.
    """
    info = PngImagePlugin.PngInfo()
    if metadata is not None:
        info.add_itxt(PNG_KEYWORD, metadata)
    with writing(path):
        Image.fromarray(rgb).save(path, format="PNG", pnginfo=info, compress_level=FAST)
