"""ViTMatte: the alpha of a picture with a trimap.

Yao et al., ViTMatte: Boosting Image Matting with Pretrained Plain Vision Transformers, 2023, https://arxiv.org/abs/2305.15272; the
implementation is transformers'.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional

from pipelines.masks.maker import Frame
from pipelines.masks.pixels import HALF, Brightness, to_tensor
from pipelines.vitmatte.trimap import UNKNOWN

USUAL = Brightness(HALF, HALF)
MULTIPLE = 32
"""Sides that the network takes are multiples of this."""
FULL = 255.0


class VitMatte:
    """A loaded ViTMatte, on its device."""

    def __init__(self, model: Any, brightness: Brightness) -> None:
        self.model, self._brightness = model, brightness

    def look(self, frame: Frame) -> torch.Tensor:
        """Return what the network sees of a frame, uint8 (height, width, 3), for any number of trimaps: float32 (1, 3, height, width)."""
        return self._brightness.normalised(to_tensor(frame, self.model.device))

    def alpha(self, seen: torch.Tensor, trimap: torch.Tensor) -> torch.Tensor:
        """Return the alpha, float32 (height, width) in [0, 1], on the device; where the trimap is sure, the trimap holds.

        Args:
            seen: the frame, as :meth:`look` returns it.
            trimap: float32 (1, 1, height, width), see :mod:`pipelines.vitmatte.trimap`.
        """
        height, width = seen.shape[-2:]
        pixels = functional.pad(torch.cat((seen, trimap / FULL), dim=1), (0, -width % MULTIPLE, 0, -height % MULTIPLE))
        alpha = self.model(pixel_values=pixels.to(self.model.dtype)).alphas[..., :height, :width].float()
        return torch.where(trimap == UNKNOWN, alpha, trimap / FULL)[0, 0]
