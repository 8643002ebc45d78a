"""JPEG files."""

from __future__ import annotations

from pathlib import Path

from persistence.spool import Frame
from persistence.writers.exif_image import write_with_exif

FULL_CHROMA_FROM = 90
"""Qualities from here on keep full colour resolution; below, 4:2:0 is not seen."""


def write_jpeg(path: Path, rgb: Frame, quality: int, metadata: str | None) -> None:
    """Write one image.

    Raises:
        DiskFull, EncodeFailed: when it cannot be written.
    """
    subsampling = "4:4:4" if quality >= FULL_CHROMA_FROM else "4:2:0"
    write_with_exif(path, rgb, "JPEG", metadata, {"quality": quality, "subsampling": subsampling, "optimize": True})
