"""Which check a request's field wants."""

from __future__ import annotations

from pathlib import Path

from persistence.input_checks import Check, check_audio, check_image, check_video
from persistence.source.masks import check_mask
from persistence.source.probe import probe_source


def check_for(field: str) -> Check:
    """Return the check of an input field (``image_start``, ``image_refs.0``, ``video_source``, ``source``, ``masks.0``, …)."""
    kind = field.removeprefix("matte.").partition(".")[0].partition("_")[0]
    return {"image": check_image, "video": check_video, "audio": check_audio, "source": check_source, "masks": check_mask}[kind]


def check_source(path: Path, max_pixels: int) -> str:
    """Look into what is to be matted, a video or an image.

    Raises:
        InputUnreadable: when it is neither, or broken from the start; with everything that is wrong with it.
    """
    facts = probe_source(path, max_pixels=max_pixels)
    return (check_image if facts.media == "image" else check_video)(path, max_pixels)
