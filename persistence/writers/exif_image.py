"""What JPEG and WebP have in common: metadata in EXIF and XMP."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PIL import Image

from persistence.disk import writing
from persistence.metadata_text import exif_with, xmp_with
from persistence.spool import Frame


def write_with_exif(path: Path, rgb: Frame, file_format: str, metadata: str | None, options: dict[str, Any]) -> None:
    """Write one image.

    Raises:
        DiskFull, EncodeFailed: when it cannot be written.
    """
    embedded = {} if metadata is None else {"exif": exif_with(metadata), "xmp": xmp_with(metadata)}
    with writing(path):
        Image.fromarray(rgb).save(path, format=file_format, **options, **embedded)
