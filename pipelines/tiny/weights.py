"""Random weights that are the same on every machine.

torch's own initialisers use vectorised approximations that differ between processors. Here a weight is a random
whole number times a scale: both exact.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeVar

import torch

ModuleT = TypeVar("ModuleT", bound=torch.nn.Module)

HALF_RANGE = 2**15
UNIFORM_STD = 3**0.5
"""A uniform variable on [-a, a] has the standard deviation a / sqrt(3)."""
BIAS_STD = 0.02


def make(constructor: Callable[[], ModuleT], *, seed: int, gain: float = 1.0) -> ModuleT:
    """Return a module in evaluation mode with float32 weights of standard deviation ``gain / sqrt(fan_in)``.

    Scales of norms keep their ones; biases are small.
    """
    torch.manual_seed(seed)
    module = constructor().eval()
    generator = torch.Generator("cpu").manual_seed(seed)
    with torch.no_grad():
        for name, weight in sorted(module.named_parameters()):
            std = _std(name, weight, gain)
            if std is not None:
                whole = torch.randint(-HALF_RANGE, HALF_RANGE, weight.shape, generator=generator)
                weight.copy_(whole.to(torch.float32) * (std * UNIFORM_STD / HALF_RANGE))
    return module


def _std(name: str, weight: torch.Tensor, gain: float) -> float | None:
    """Return the standard deviation of a parameter, or ``None`` for the scale of a norm."""
    if name.endswith("bias"):
        return BIAS_STD
    if weight.numel() == weight.shape[0]:
        return None
    fan_in = weight.numel() // weight.shape[0]
    return gain / math.sqrt(fan_in)
