"""WebP files."""

from __future__ import annotations

from pathlib import Path

from persistence.spool import Frame
from persistence.writers.exif_image import write_with_exif
from reelfleet.contract.errors import Unsupported

LONGEST_SIDE = 16_383


def write_webp(path: Path, rgb: Frame, quality: int, metadata: str | None) -> None:
    """Write one image; lossy at every quality.

    Raises:
        Unsupported: when it is larger than WebP can be.
        DiskFull, EncodeFailed: when it cannot be written.
    """
    if max(rgb.shape[:2]) > LONGEST_SIDE:
        raise Unsupported(f"WebP has sides of at most {LONGEST_SIDE} pixels; choose another image_format")
    write_with_exif(path, rgb, "WEBP", metadata, {"quality": quality, "method": 4})
