"""One run of SAM 2 and ViTMatte through a clip."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager

import numpy as np
import torch

from pipelines.masks.sam2 import Sam2, enlarged
from pipelines.matting.backend import Alphas, Frame, Masks, Precision
from pipelines.vitmatte.carrying import logits_of, prompts_of
from pipelines.vitmatte.network import VitMatte
from pipelines.vitmatte.trimap import band_of, trimap_of

LOGITS = "logits"
MIDDLE = 127.5
FAST = {"cuda": torch.float16, "cpu": torch.bfloat16}
"""What ``fast`` computes in where torch knows it to be harmless."""


class VitMatteClip:
    """Carries the masks of all targets from frame to frame and makes alphas of them.

    Where SAM 2 does not find a target, its alpha is zero, and on the next frame it is looked for where it was last.

    Args:
        sam: carries masks.
        vitmatte: makes alphas.
        precision: ``fast`` computes in half precision where torch knows it to be harmless.
        logits: of the last masks of all targets, float32 (targets, grid, grid) on the host; none before the first frame.
    """

    def __init__(self, sam: Sam2, vitmatte: VitMatte, precision: Precision, logits: torch.Tensor | None = None) -> None:
        self._sam, self._vitmatte, self._precision = sam, vitmatte, precision
        self._logits = torch.empty(0, sam.grid, sam.grid) if logits is None else logits.clone()

    def begin(self, frame: Frame, masks: Masks) -> Alphas:
        """Take the first frame with its masks and return its alphas."""
        with torch.inference_mode():
            given = [torch.from_numpy(mask.astype(np.float32))[None, None] for mask in masks]
            self._logits = torch.cat([logits_of(mask, self._sam.grid)[0] for mask in given])
            with self._precise():
                pixels = self._vitmatte.look(frame)
                return np.stack([self._alpha(pixels, mask > MIDDLE) for mask in given])

    def advance(self, frames: Sequence[Frame]) -> Sequence[Alphas]:
        """Return the alphas of the frames that follow, one after the other."""
        with torch.inference_mode(), self._precise():
            return [self._next(frame) for frame in frames]

    def state(self) -> dict[str, torch.Tensor]:
        """Return the last masks of all targets, as SAM 2 made them."""
        return {LOGITS: self._logits.clone()}

    def _next(self, frame: Frame) -> Alphas:
        seen: list[torch.Tensor] | None = None
        pixels: torch.Tensor | None = None
        alphas = np.zeros((len(self._logits), *frame.shape[:2]), np.float32)
        for target in range(len(self._logits)):
            prompts = prompts_of(self._logits[target][None, None], self._sam.side)
            if prompts is None:
                continue
            seen = self._sam.look(frame) if seen is None else seen
            logits, there = self._sam.segment(seen, prompts)
            if there and (logits > 0).any():
                self._logits[target] = logits[0, 0].cpu()
                pixels = self._vitmatte.look(frame) if pixels is None else pixels
                alphas[target] = self._alpha(pixels, enlarged(logits, (frame.shape[0], frame.shape[1])) > 0)
        return alphas

    def _alpha(self, pixels: torch.Tensor, mask: torch.Tensor) -> Alphas:
        height, width = pixels.shape[-2:]
        if not mask.any():
            return np.zeros((height, width), np.float32)
        trimap = trimap_of(mask.to(self._vitmatte.model.device), band_of(height, width))
        return self._vitmatte.alpha(pixels, trimap).cpu().numpy()

    def _precise(self) -> AbstractContextManager[object]:
        device = self._vitmatte.model.device.type
        if self._precision == "fast":
            return torch.autocast(device, FAST[device])
        # By default cuDNN convolves in TF32, which is less than float32.
        exact: AbstractContextManager[object] = torch.backends.cudnn.flags(enabled=True, deterministic=True, allow_tf32=False)
        return exact
