"""Reads image inputs and brings them to the size of the clip."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from reelfleet.contract.errors import InputUnreadable


def read_images(inputs: Mapping[str, Path], width: int, height: int) -> dict[str, Image.Image]:
    """Return the inputs that are images, by field, each filling ``width`` x ``height``.

    An image is scaled (Lanczos) until it covers the size and then cropped evenly on both sides, so that nothing is
    stretched. It is turned as its EXIF data says; transparency is put on black.

    Raises:
        InputUnreadable: when a file is not an image that can be decoded.
    """
    return {field: _read(field, path, width, height) for field, path in inputs.items() if field.startswith("image_")}


def _read(field: str, path: Path, width: int, height: int) -> Image.Image:
    try:
        with Image.open(path) as opened:
            upright = ImageOps.exif_transpose(opened)
            rgba = upright.convert("RGBA")
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError, ValueError) as error:
        raise InputUnreadable(
            f"{field}: {path.name} cannot be decoded as an image: {error}; check the file", details={"field": field}
        ) from error
    flat = Image.alpha_composite(Image.new("RGBA", rgba.size, (0, 0, 0, 255)), rgba).convert("RGB")
    return ImageOps.fit(flat, (width, height), Image.Resampling.LANCZOS)
