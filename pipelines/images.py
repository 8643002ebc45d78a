"""Reads image inputs and brings them to the size of the clip."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from reelfleet.contract.errors import InputUnreadable


def read_image(field: str, path: Path) -> Image.Image:
    """Return an image in RGB, turned as its EXIF data says; transparency is put on black.

    Raises:
        InputUnreadable: when the file is not an image that can be decoded.
    """
    try:
        with Image.open(path) as opened:
            rgba = ImageOps.exif_transpose(opened).convert("RGBA")
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError, ValueError) as error:
        raise InputUnreadable(
            f"{field}: {path.name} cannot be decoded as an image: {error}; check the file", details={"field": field}
        ) from error
    return Image.alpha_composite(Image.new("RGBA", rgba.size, (0, 0, 0, 255)), rgba).convert("RGB")


def fill(image: Image.Image, width: int, height: int) -> Image.Image:
    """Scale an image (Lanczos) until it covers the size, and crop what stands over evenly; nothing is stretched."""
    return ImageOps.fit(image, (width, height), Image.Resampling.LANCZOS)
