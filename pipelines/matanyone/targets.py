"""What is done for each target of an image."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


def for_targets(step: Callable[..., tuple[Tensor, ...]], *tensors: Tensor) -> tuple[Tensor, ...]:
    """Return the results of ``step`` for K targets, from tensors (K, ...) to tensors (K, ...).

    On a CPU the targets come one after the other: taking them together gains nothing there, needs more memory, and rounds otherwise than a
    run of each target alone. Elsewhere they are taken together.
    """
    targets = tensors[0].shape[0]
    if targets == 1 or tensors[0].device.type != "cpu":
        return step(*tensors)
    results = [step(*(tensor[k : k + 1] for tensor in tensors)) for k in range(targets)]
    return tuple(torch.cat(parts) for parts in zip(*results, strict=True))
