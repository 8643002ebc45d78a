"""How a mask is carried to the next frame: what SAM 2 is asked, given where the target was.

SAM 2 is used on the frame alone and asked for what is where the last mask was: by that mask, its box and a few points deep inside.
A target must not move by more than about its own size between two frames.
"""

from __future__ import annotations

import torch
from torch.nn import functional

from pipelines.masks.sam2 import Prompts

POINTS = 3
"""Points inside the target; fewer if it has no more room."""
SURE = 10.0
"""Logit of a given mask inside the target, and less than nothing outside."""
STEEPEST = 32.0
"""Logits of an earlier mask are bounded by this before they are used again, as in SAM 2's own predictor."""
FULL = 255.0


def logits_of(mask: torch.Tensor, grid: int) -> torch.Tensor:
    """Return a given mask as if SAM 2 had made it: float32 (1, 1, grid, grid).

    Args:
        mask: float32 (1, 1, height, width), 0 to 255.
        grid: cells of a side of SAM 2's masks.
    """
    share = functional.interpolate(mask / FULL, (grid, grid), mode="bilinear", align_corners=False, antialias=True)
    return share * (2 * SURE) - SURE


def prompts_of(logits: torch.Tensor, side: int) -> Prompts | None:
    """Return what to ask for on the next frame, or ``None`` where no target was.

    Args:
        logits: of the last mask, float32 (1, 1, grid, grid) on the host.
        side: pixels of a side of the square that SAM 2 sees.
    """
    inside = logits[0, 0] > 0
    if not inside.any():
        return None
    cell = side / logits.shape[-1]
    rows, columns = torch.nonzero(inside.any(1)).flatten(), torch.nonzero(inside.any(0)).flatten()
    left, top = float(columns[0]) * cell, float(rows[0]) * cell
    right, bottom = (float(columns[-1]) + 1) * cell, (float(rows[-1]) + 1) * cell
    points = [((column + 0.5) * cell, (row + 0.5) * cell) for row, column in _deep_cells(inside)]
    return Prompts(points, [1] * len(points), (left, top, right, bottom), logits.clamp(-STEEPEST, STEEPEST))


def _deep_cells(inside: torch.Tensor) -> list[tuple[int, int]]:
    """Return the cell that is deepest inside, then the deepest beyond its reach, and so on, as (row, column)."""
    depth = _depths(inside)
    cells: list[tuple[int, int]] = []
    while len(cells) < POINTS and depth.max() > 0:
        row, column = divmod(int(depth.argmax()), depth.shape[1])
        cells.append((row, column))
        reach = int(depth[row, column])
        depth[max(0, row - reach) : row + reach + 1, max(0, column - reach) : column + reach + 1] = 0
    return cells


def _depths(inside: torch.Tensor) -> torch.Tensor:
    """Return how often each cell survives the mask's losing its outermost cells; whole numbers, so the same on every machine."""
    left = functional.pad(inside.to(torch.float32)[None, None], (1, 1, 1, 1))
    depth = torch.zeros_like(left)
    while left.any():
        depth += left
        left = -functional.max_pool2d(-left, 3, stride=1, padding=1) * left
    return depth[0, 0, 1:-1, 1:-1]
