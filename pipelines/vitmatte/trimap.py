"""From a mask to a trimap: surely the target, surely not, and a band along the outline where the alpha is to be found."""

from __future__ import annotations

import torch
from torch.nn import functional

BAND = 0.012
"""Half width of the unknown band as a part of the frame's shorter side: 13 pixels at 1080p. Chosen for hair and motion blur, not measured."""
NARROWEST = 2
"""Pixels."""
NOT_TARGET, UNKNOWN, TARGET = 0.0, 128.0, 255.0


def band_of(height: int, width: int) -> int:
    """Return the half width of the unknown band, in pixels."""
    return max(NARROWEST, round(BAND * min(height, width)))


def trimap_of(mask: torch.Tensor, band: int) -> torch.Tensor:
    """Return a trimap, float32 (1, 1, height, width) of 0 (not the target), 128 (unknown) and 255 (the target).

    A pixel is unknown if a pixel of the other side lies within ``band`` rows and columns of it (Chebyshev's distance). Beyond the
    frame's edge there is no side, so that a target that the edge cuts stays whole there.

    Args:
        mask: bool (1, 1, height, width).
        band: half width of the unknown band, pixels.
    """
    inside = mask.to(torch.float32)
    near_target = _grown(inside, band) > 0
    near_other = _grown(1 - inside, band) > 0
    known = torch.where(mask, TARGET, NOT_TARGET)
    return torch.where(near_target & near_other, UNKNOWN, known)


def _grown(cells: torch.Tensor, by: int) -> torch.Tensor:
    across = functional.max_pool2d(cells, (1, 2 * by + 1), stride=1, padding=(0, by))
    return functional.max_pool2d(across, (2 * by + 1, 1), stride=1, padding=(by, 0))
