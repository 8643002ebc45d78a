"""Masks as people have them, as masks of one form."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from persistence.source.frames import read_one
from persistence.source.pictures import eight_bits, is_deep, open_upright
from persistence.source.probe import probe_source
from reelfleet.contract.errors import InputUnreadable
from reelfleet.contract.source import SourceFacts

Mask = NDArray[np.uint8]
"""(height, width), 0 (not the target) to 255 (the target)."""
FULL = 255
FAINT = 128
"""Masks that are darker all over are told of: numbers of objects, or indices of a palette, may have been saved instead of brightness."""
NO_BOUND = 2**31
"""Pixels; masks that were taken in were checked against the fleet's own bound."""


@dataclass(frozen=True)
class ReadMask:
    """A mask, and what its owner should know of how it was read."""

    pixels: Mask
    notes: tuple[str, ...]


def read_mask(path: Path, *, frame: int, size: tuple[int, int], name: str) -> ReadMask:
    """Read a mask from an image, or from the frame of this number of a video of masks.

    Args:
        path: the file.
        frame: number of the frame that the mask is for.
        size: width and height of what is matted; a mask of another size is scaled to the nearest pixels, with a note.
        name: what notes and errors call it.

    Raises:
        InputUnreadable: when it is neither image nor video, broken, or a video without this frame.
    """
    try:
        facts = probe_source(path, max_pixels=NO_BOUND)
        grey = _grey(path) if facts.media == "image" else _grey_of_video(path, facts, frame)
    except InputUnreadable as error:
        raise InputUnreadable(f"{name}: {error.message}", details={"field": name, "problem": error.message}) from error
    notes: list[str] = []
    if grey.shape != (size[1], size[0]):
        notes.append(f"{name} is {grey.shape[1]}x{grey.shape[0]} and was scaled to {size[0]}x{size[1]}, to the nearest pixels")
        grey = np.asarray(Image.fromarray(grey).resize(size, Image.Resampling.NEAREST))
    if grey.max() == 1:
        notes.append(f"{name} holds 0 and 1 alone; 1 is taken for the target")
        grey = grey * np.uint8(FULL)
    elif 0 < grey.max() < FAINT:
        notes.append(f"{name} selects nothing wholly: its brightest value is {grey.max()} of {FULL}")
    if not grey.any():
        notes.append(f"{name} is empty: it selects nothing")
    elif grey.min() == FULL:
        notes.append(f"{name} is full: it selects everything")
    return ReadMask(grey, tuple(notes))


def _grey(path: Path) -> Mask:
    image = open_upright(path)
    if is_deep(image):
        # Tools write masks of 8 bits into files of 16, too.
        return eight_bits(image, dim=True)
    has_alpha = image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info
    rgba = image.convert("RGBA")
    alpha = np.asarray(rgba.getchannel("A"))
    # A cut-out has its mask in its alpha; a mask that was saved with one that says nothing has it in its brightness.
    return alpha if has_alpha and alpha.min() < alpha.max() else np.asarray(rgba.convert("RGB").convert("L"))


def _grey_of_video(path: Path, facts: SourceFacts, frame: int) -> Mask:
    if frame >= facts.frames:
        raise InputUnreadable(f"the video of masks has {facts.frames} frames, and the mask of frame {frame} was asked for")
    rgb = read_one(path, facts, frame, (facts.width, facts.height)).rgb
    return np.asarray(Image.fromarray(rgb).convert("L"))
