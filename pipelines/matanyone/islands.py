"""Places that compute in float32 whatever the precision around them is."""

from __future__ import annotations

import torch
from torch import Tensor


def float32_island(like: Tensor) -> torch.autocast:
    """Return a context without autocast on the device of ``like``; what goes in must be made float32 first."""
    return torch.autocast(like.device.type, enabled=False)
