"""From what a VAE returns to 8-bit pictures."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from pipelines.numerics import require_finite
from pipelines.spooling import Frame

WHITE = 255


def to_frames(pixels: torch.Tensor, model: str, first: int = 1) -> Iterator[Frame]:
    """Yield 8-bit frames of decoded pixels, one at a time, rounded as diffusers rounds.

    Args:
        pixels: (3, frames, height, width), -1 to 1.
        model: for messages.
        first: number of the first frame, for messages.

    Raises:
        Numerical: naming the frame.
    """
    for index in range(pixels.shape[1]):
        frame = pixels[:, index]
        require_finite(frame, model, "decoded frame", first + index)
        # The order of these steps is that of VaeImageProcessor.denormalize, so that frames equal those of a plain call.
        unit = (frame * 0.5 + 0.5).clamp(0, 1).permute(1, 2, 0).float().cpu().numpy()
        yield np.ascontiguousarray((unit * WHITE).round().astype(np.uint8))
