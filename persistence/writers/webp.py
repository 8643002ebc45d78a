"""WebP files."""

from __future__ import annotations

from pathlib import Path

from persistence.spool import Frame
from persistence.writers.exif_image import write_with_exif


def write_webp(path: Path, rgb: Frame, quality: int, metadata: str | None) -> None:
    """Write one image; lossy at every quality.

    Raises:
        DiskFull, EncodeFailed: when it cannot be written.
    """
    write_with_exif(path, rgb, "WEBP", metadata, {"quality": quality, "method": 4})
