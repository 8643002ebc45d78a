"""Images, upright and in RGB."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from persistence.input_checks import IMAGE_FORMATS
from reelfleet.contract.errors import InputUnreadable

_FULL = 255
_FULL_OF_16_BITS = 65535


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


def is_deep(image: Image.Image) -> bool:
    """Return whether an image is grey with more than 8 bits: 16 or 32, or floating point."""
    return image.mode.startswith(("I", "F"))


def eight_bits(image: Image.Image, *, dim: bool) -> NDArray[np.uint8]:
    """Return a deep grey image with 8 bits, uint8 (height, width).

    Floating point runs from 0 to 1, or to 255 if anything is brighter than 1; whole numbers run to 65535.

    Args:
        image: upright.
        dim: whether whole numbers run to 255 if none is larger.
    """
    wide = np.nan_to_num(np.asarray(image, np.float64))
    candidates = (1, _FULL) if image.mode == "F" else (_FULL, _FULL_OF_16_BITS) if dim else (_FULL_OF_16_BITS,)
    full = next((each for each in candidates if wide.max() <= each), candidates[-1])
    return np.rint(np.clip(wide / full, 0, 1) * _FULL).astype(np.uint8)


def read_rgb(path: Path) -> Image.Image:
    """Return an image in RGB; transparency is put on black.

    Raises:
        InputUnreadable: when it cannot be decoded.
    """
    image = open_upright(path)
    rgba = (Image.fromarray(eight_bits(image, dim=False)) if is_deep(image) else image).convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", rgba.size, (0, 0, 0, 255)), rgba).convert("RGB")
