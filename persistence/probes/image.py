"""Probing image files."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from persistence.probes.facts import ImageFacts
from reelfleet.contract.errors import EncodeFailed


def probe_image(path: Path) -> ImageFacts:
    """Decode an image.

    Raises:
        EncodeFailed: when it does not decode.
    """
    try:
        with Image.open(path) as image:
            image.load()
            return ImageFacts(format=str(image.format).lower(), width=image.width, height=image.height, mode=image.mode)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise EncodeFailed(f"{path.name} does not decode: {error}", details={"path": str(path)}) from error
