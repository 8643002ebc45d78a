"""The largest numbers of long rows."""

from __future__ import annotations

import torch
from torch import Tensor

BLOCK = 32
"""Numbers of a block, of which the largest stands for all at first."""
WORTH = 8
"""Rows shorter than this many blocks for each number wanted are searched directly."""


def nearest(rows: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Return the ``count`` largest numbers of each row and their places, both (R, count), in no order.

    A number is among the largest ``count`` only if its block's largest is among the largest ``count`` of all blocks, or equal to one that is. So
    the long row is read once, by a maximum, and only the blocks found are searched. Among equal numbers it is open which are returned, as with
    :func:`torch.topk`.

    Args:
        rows: (R, N), N at least ``count``.
        count: how many are wanted.
    """
    blocks = rows.shape[1] // BLOCK
    if blocks < WORTH * count:
        best = rows.topk(count, dim=1, sorted=False)
        return best.values, best.indices
    whole = blocks * BLOCK
    # Block b holds columns b, b + blocks, b + 2 * blocks, …: so the maximum runs along contiguous memory.
    largest = torch.unflatten(rows[:, :whole], 1, (BLOCK, blocks)).amax(dim=1)
    found = largest.topk(count, dim=1, sorted=False).indices
    steps = torch.arange(0, whole, blocks, device=rows.device)
    columns = (found.unsqueeze(1) + steps.unsqueeze(1)).flatten(1)
    rest = torch.arange(whole, rows.shape[1], device=rows.device).expand(rows.shape[0], -1)
    columns = torch.cat([columns, rest], dim=1)
    best = rows.gather(1, columns).topk(count, dim=1, sorted=False)
    return best.values, columns.gather(1, best.indices)
