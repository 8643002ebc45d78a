"""Images, upright and in RGB."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from persistence.input_checks import IMAGE_FORMATS
from reelfleet.contract.errors import InputUnreadable


def open_upright(path: Path) -> Image.Image:
    """Return an image in the mode that it has, turned as its EXIF data says.

    Raises:
        InputUnreadable: when it cannot be decoded.
    """
    try:
        with Image.open(path, formats=IMAGE_FORMATS) as image:
            return ImageOps.exif_transpose(image)
    except UnidentifiedImageError as error:
        raise InputUnreadable(f"not an image; {', '.join(IMAGE_FORMATS)} are read") from error
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise InputUnreadable(f"a broken image: {error}") from error


def read_rgb(path: Path) -> Image.Image:
    """Return an image in RGB; transparency is put on black.

    Raises:
        InputUnreadable: when it cannot be decoded.
    """
    rgba = open_upright(path).convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", rgba.size, (0, 0, 0, 255)), rgba).convert("RGB")
