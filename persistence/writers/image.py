"""Which writer writes an image format."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from persistence.spool import Frame
from persistence.writers.jpeg import write_jpeg
from persistence.writers.png import write_png
from persistence.writers.webp import write_webp
from reelfleet.contract.output import ImageFormat

ImageWriter = Callable[[Path, Frame, int, str | None], None]
"""Called with path, frame, quality (1 to 100) and metadata JSON (or none)."""

IMAGE_WRITERS: dict[ImageFormat, ImageWriter] = {
    ImageFormat.PNG: write_png,
    ImageFormat.JPEG: write_jpeg,
    ImageFormat.WEBP: write_webp,
}
SUFFIXES = {ImageFormat.PNG: ".png", ImageFormat.JPEG: ".jpg", ImageFormat.WEBP: ".webp"}
MEDIA_TYPES = {ImageFormat.PNG: "image/png", ImageFormat.JPEG: "image/jpeg", ImageFormat.WEBP: "image/webp"}
