"""SAM 2 and ViTMatte as a matting model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch

from pipelines.checkpoint import CheckpointRefused
from pipelines.masks.sam2 import Sam2
from pipelines.matting.backend import Precision
from pipelines.vitmatte.carrying import POINTS, STEEPEST, SURE
from pipelines.vitmatte.clip import LOGITS, VitMatteClip
from pipelines.vitmatte.network import VitMatte
from pipelines.vitmatte.trimap import BAND, NARROWEST

RECIPE = 1
"""Raised when the code between the two networks changes what comes out."""


class VitMatteModel:
    """Both networks, loaded.

    Frames go through one by one. There is no warming up: the alpha of the first frame is made of its mask in one go, and the number of
    refinements that a run is started with changes nothing.

    Args:
        sam: carries masks from frame to frame.
        vitmatte: makes alphas.
        settings_sha256: of the files of settings beside the weights.
    """

    batch = 1

    def __init__(self, sam: Sam2, vitmatte: VitMatte, settings_sha256: str) -> None:
        self._sam, self._vitmatte, self._settings_sha256 = sam, vitmatte, settings_sha256

    def modules(self) -> Iterable[torch.nn.Module]:
        """Return what holds the weights."""
        return self._sam.model, self._vitmatte.model

    def start(self, *, warmup: int, precision: Precision) -> VitMatteClip:  # noqa: ARG002 - every backend is started alike
        """Return a run that has not begun."""
        return VitMatteClip(self._sam, self._vitmatte, precision)

    def resume(
        self,
        state: Mapping[str, torch.Tensor],
        *,
        warmup: int,  # noqa: ARG002 - every backend is resumed alike
        precision: Precision,
    ) -> VitMatteClip:
        """Return a run as it was when ``state`` was taken.

        Raises:
            CheckpointRefused: when the state is not one of this model's.
        """
        return VitMatteClip(self._sam, self._vitmatte, precision, self._checked(state))

    def fingerprint(self) -> dict[str, str]:
        """Return, by name, what shapes the alphas besides spec, weights, device and library versions."""
        return {
            "matting": f"sam2 and vitmatte, recipe {RECIPE}",
            "trimap": f"band {BAND}, at least {NARROWEST}",
            "carrying": f"{POINTS} points, logits {SURE} within {STEEPEST}",
            "model files": self._settings_sha256,
        }

    def _checked(self, state: Mapping[str, torch.Tensor]) -> torch.Tensor:
        if set(state) != {LOGITS}:
            raise CheckpointRefused(f"it holds {', '.join(sorted(state)) or 'nothing'} instead of {LOGITS}")
        logits, grid = state[LOGITS], self._sam.grid
        if logits.dim() != 3 or logits.shape[1:] != (grid, grid) or not len(logits) or logits.dtype != torch.float32:  # noqa: PLR2004 - targets, rows, columns
            raise CheckpointRefused(f"its masks are {logits.dtype} {tuple(logits.shape)} instead of float32 (targets, {grid}, {grid})")
        if not logits.isfinite().all():
            raise CheckpointRefused("its masks hold NaN or infinity")
        return logits
