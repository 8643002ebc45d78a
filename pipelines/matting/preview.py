"""A small picture of how a matting goes: the frame over a board of two greys where the alpha lets it through."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

from pipelines.preview import FRAME_SIDE, Preview, encode_preview

TILE = 8
"""Pixels of a tile of the board."""
GREYS = (96, 160)


def alpha_preview(rgb: npt.NDArray[np.uint8], alpha: npt.NDArray[np.uint8]) -> Preview:
    """Return a WebP of at most 64 KiB.

    Args:
        rgb: the frame, uint8 (height, width, 3).
        alpha: uint8 (height, width).
    """
    height, width = alpha.shape
    scale = min(1.0, FRAME_SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    frame = Image.fromarray(rgb).resize(size, Image.Resampling.BILINEAR)
    mask = Image.fromarray(alpha).resize(size, Image.Resampling.BILINEAR)
    rows, columns = np.indices((size[1], size[0])) // TILE
    board = np.where((rows + columns) % 2, *GREYS).astype(np.uint8)
    return encode_preview(Image.composite(frame, Image.fromarray(board).convert("RGB"), mask))
