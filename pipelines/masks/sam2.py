"""SAM 2 on single pictures: what is at these clicks, in this box, where this mask was.

Ravi et al., SAM 2: Segment Anything in Images and Videos, 2024, https://arxiv.org/abs/2408.00714; the implementation is transformers'.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import functional

from pipelines.masks.maker import Frame, Mask
from pipelines.masks.pixels import IMAGENET_MEAN, IMAGENET_STD, Brightness, squared
from pipelines.masks.prompts import check_prompts
from reelfleet.contract.errors import InputUnreadable
from reelfleet.contract.matte import Box, Point
from reelfleet.contract.matting_card import MaskMakerCard

USUAL = Brightness(IMAGENET_MEAN, IMAGENET_STD)
FULL = 255


@dataclass(frozen=True)
class Prompts:
    """What to segment, in pixels of the square that the model sees."""

    points: Sequence[tuple[float, float]] = ()
    labels: Sequence[int] = ()
    """1 for a point on the target, 0 for one beside it."""
    box: tuple[float, float, float, float] | None = None
    """Left, top, right, bottom."""
    mask: torch.Tensor | None = None
    """Logits of an earlier mask, float32 (1, 1, :attr:`Sam2.grid`, :attr:`Sam2.grid`)."""


class Sam2:
    """A loaded SAM 2, on its device."""

    def __init__(self, model: Any, brightness: Brightness) -> None:
        self.model, self._brightness = model, brightness

    @property
    def side(self) -> int:
        """Pixels of a side of the square that it sees."""
        return int(self.model.prompt_encoder.input_image_size)

    @property
    def grid(self) -> int:
        """Cells of a side of the masks that it takes and makes."""
        return int(self.model.prompt_encoder.mask_input_size[0])

    def look(self, frame: Frame) -> list[torch.Tensor]:
        """Return what the model makes of a frame, for any number of prompts."""
        pixels = squared(frame, self.side, self._brightness, self.model.device)
        features: list[torch.Tensor] = self.model.get_image_embeddings(pixels.to(self.model.dtype))
        return features

    def segment(self, seen: list[torch.Tensor], prompts: Prompts) -> tuple[torch.Tensor, bool]:
        """Return the logits of the best mask, float32 (1, 1, grid, grid), and whether the model thinks that the target is in the picture.

        One click can mean a thing or a part of it: three masks are made of it, and the one with the best score is taken.
        """
        device, given = self.model.device, prompts
        points = labels = box = None
        if given.points:
            points = torch.tensor([[list(given.points)]], device=device, dtype=torch.float32)
            labels = torch.tensor([[list(given.labels)]], device=device, dtype=torch.int64)
        if given.box is not None:
            box = torch.tensor([[list(given.box)]], device=device, dtype=torch.float32)
        made = self.model(
            image_embeddings=list(seen),
            input_points=points,
            input_labels=labels,
            input_boxes=box,
            input_masks=None if given.mask is None else given.mask.to(device, self.model.dtype),
            multimask_output=len(given.points) == 1 and box is None,
        )
        best = int(made.iou_scores[0, 0].argmax())
        return made.pred_masks[0, 0, best].float()[None, None], bool(made.object_score_logits[0, 0, 0] > 0)


class Sam2MaskMaker:
    """Makes masks of points and boxes."""

    def __init__(self, card: MaskMakerCard, sam: Sam2) -> None:
        self._card, self._sam = card, sam

    def modules(self) -> Iterable[torch.nn.Module]:
        """Return what holds the weights."""
        return (self._sam.model,)

    def make(self, frame: Frame, points: Sequence[Point], box: Box | None, text: str | None) -> Mask:
        """Return the mask of a target; see :class:`pipelines.masks.maker.MaskMaker`."""
        height, width = frame.shape[:2]
        check_prompts(self._card, (width, height), points, box, text)
        across, down = self._sam.side / width, self._sam.side / height
        prompts = Prompts(
            points=[(point.x * across, point.y * down) for point in points],
            labels=[int(point.on_target) for point in points],
            box=None if box is None else (box.left * across, box.top * down, box.right * across, box.bottom * down),
        )
        with torch.inference_mode():
            logits, _ = self._sam.segment(self._sam.look(frame), prompts)
        mask = enlarged(logits, (height, width))[0, 0] > 0
        if not mask.any():
            raise InputUnreadable(
                f"{self._card.name} finds nothing at the points or in the box; move them onto the target, give more of them, or bring a mask",
                details={"model": self._card.name},
            )
        return (mask.to(torch.uint8) * FULL).cpu().numpy()


def enlarged(logits: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """Return logits (1, 1, grid, grid) in the size (height, width) of the frame that they are about."""
    return functional.interpolate(logits, size, mode="bilinear", align_corners=False)
