"""PNG files; lossless, so the quality says nothing."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, PngImagePlugin

from persistence.disk import writing
from persistence.metadata_text import PNG_KEYWORD
from persistence.spool import Frame


def write_png(path: Path, rgb: Frame, quality: int, metadata: str | None) -> None:  # noqa: ARG001 - every image writer is called alike
    """Write one image, with metadata as UTF-8 text (iTXt).

    Raises:
        DiskFull, EncodeFailed: when it cannot be written.
    """
    info = PngImagePlugin.PngInfo()
    if metadata is not None:
        info.add_itxt(PNG_KEYWORD, metadata)
    with writing(path):
        # Level 1 writes megapixels several times faster than the default 6 and files a few per cent larger.
        Image.fromarray(rgb).save(path, format="PNG", pnginfo=info, compress_level=1)
