"""How large a matting is."""

from __future__ import annotations

from typing import Literal

CANVASES = {"480p": (854, 480), "720p": (1280, 720), "1080p": (1920, 1080)}


def output_size(
    width: int, height: int, resize: Literal["480p", "720p", "1080p"] | None, fit: Literal["inside", "outer"]
) -> tuple[int, int]:
    """Return width and height of what is matted and delivered.

    Nothing is enlarged; the aspect is kept, in whole pixels, odd ones too.

    Args:
        width: of the source as it is viewed.
        height: of the source as it is viewed.
        resize: the canvas, turned upright for an upright source; none: the source's own size.
        fit: the largest size that fits ``inside`` the canvas, or the smallest that covers it.
    """
    if resize is None:
        return width, height
    canvas = CANVASES[resize] if width >= height else CANVASES[resize][::-1]
    ratios = (canvas[0] / width, canvas[1] / height)
    scale = min(1.0, min(ratios) if fit == "inside" else max(ratios))
    return max(1, round(width * scale)), max(1, round(height * scale))
