"""SAM 3: what these words name.

Carion et al., SAM 3: Segment Anything with Concepts, 2025, https://arxiv.org/abs/2511.16719; the implementation is transformers', whose
boxes as examples of a concept need torchvision and are not offered here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch.nn import functional

from pipelines.masks.maker import Frame, Mask
from pipelines.masks.pixels import HALF, Brightness, squared
from pipelines.masks.prompts import check_prompts
from reelfleet.contract.errors import InputUnreadable, InvalidRequest
from reelfleet.contract.matte import Box, Point
from reelfleet.contract.matting_card import MaskMakerCard

USUAL = Brightness(HALF, HALF)
FOUND = 0.3
"""Score above which something counts as found, as in transformers' own post-processing."""
INSIDE = 0.5
"""Probability above which a pixel belongs to the mask."""
FULL = 255


class Sam3MaskMaker:
    """Makes masks of words."""

    def __init__(self, card: MaskMakerCard, model: Any, tokenizer: Any, brightness: Brightness) -> None:
        self._card, self._model, self._tokenizer, self._brightness = card, model, tokenizer, brightness

    def modules(self) -> Iterable[torch.nn.Module]:
        """Return what holds the weights."""
        return (self._model,)

    def make(self, frame: Frame, points: Sequence[Point], box: Box | None, text: str | None) -> Mask:
        """Return the mask of a target; see :class:`pipelines.masks.maker.MaskMaker`.

        Of several things that the words name, the one with the best score is taken.
        """
        height, width = frame.shape[:2]
        check_prompts(self._card, (width, height), points, box, text)
        words = text or ""
        tokens = self._tokens(words)
        side = int(self._model.config.image_size)
        with torch.inference_mode():
            pixels = squared(frame, side, self._brightness, self._model.device).to(self._model.dtype)
            made = self._model(pixel_values=pixels, **tokens)
            scores = (made.pred_logits.float().sigmoid() * made.presence_logits.float().sigmoid())[0]
            best = int(scores.argmax())
            likely = functional.interpolate(
                made.pred_masks[:1, best : best + 1].float().sigmoid(), (height, width), mode="bilinear", align_corners=False
            )
        mask = likely[0, 0] > INSIDE
        if float(scores[best]) <= FOUND or not mask.any():
            raise InputUnreadable(
                f"{self._card.name} finds nothing that {words!r} names (best score {float(scores[best]):.2f}, needed {FOUND}); "
                "say it in other words, name a frame where it is to be seen, or give points, a box or a mask",
                details={"model": self._card.name, "text": words, "score": round(float(scores[best]), 4)},
            )
        return (mask.to(torch.uint8) * FULL).cpu().numpy()

    def _tokens(self, text: str) -> dict[str, torch.Tensor]:
        longest = int(self._model.config.text_config.max_position_embeddings)
        given = len(self._tokenizer(text).input_ids)
        if given > longest:
            problem = f"{given} tokens with their marks; {self._card.name} reads {longest}: say it in fewer words"
            raise InvalidRequest.of([{"field": "text", "problem": problem}])
        padded = self._tokenizer(text, padding="max_length", max_length=longest, return_tensors="pt")
        return {name: padded[name].to(self._model.device) for name in ("input_ids", "attention_mask")}
