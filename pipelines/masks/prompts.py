"""Refuses prompts that a mask maker cannot use, all problems at once."""

from __future__ import annotations

from collections.abc import Sequence

from reelfleet.contract.errors import InvalidRequest
from reelfleet.contract.matte import Box, Point
from reelfleet.contract.matting_card import MaskMakerCard

SUGGESTED = {"points": "sam2", "box": "sam2", "text": "sam3"}
"""What does make masks of a kind of prompt."""


def check_prompts(card: MaskMakerCard, size: tuple[int, int], points: Sequence[Point], box: Box | None, text: str | None) -> None:
    """Make sure that a model can make a mask of these prompts.

    Args:
        card: of the model.
        size: width and height of the frame, pixels.
        points: as given.
        box: as given.
        text: as given.

    Raises:
        InvalidRequest: when it cannot.
    """
    given = {"points": bool(points), "box": box is not None, "text": text is not None}
    problems = [
        {"field": field, "problem": f"{card.name} makes masks of {' and '.join(card.prompts)} alone; {SUGGESTED[field]} takes {field}"}
        for field, is_given in given.items()
        if is_given and field not in card.prompts
    ]
    if not any(given.values()):
        problems.append({"field": "masks", "problem": f"{card.name} needs {' or '.join(card.prompts)} to make a mask of"})
    if points and box is None and not any(point.on_target for point in points):
        problems.append({"field": "points", "problem": "at least one point must be on the target, or a box around it"})
    width, height = size
    outside = [f"{point.x:g},{point.y:g}" for point in points if point.x > width or point.y > height]
    if outside:
        problems.append({"field": "points", "problem": f"{', '.join(outside)} is outside of the picture of {width}x{height}"})
    if box is not None and (box.left >= width or box.top >= height):
        problems.append({"field": "box", "problem": f"lies outside of the picture of {width}x{height}"})
    if problems:
        raise InvalidRequest.of(problems)
