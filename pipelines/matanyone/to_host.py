"""Results on their way from the device to the host."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor


class HostCopies:
    """Copies alphas without waiting for the device; it is waited for once, for all of them."""

    def __init__(self) -> None:
        self._copies: list[Tensor] = []
        self._device: torch.device | None = None

    def add(self, alpha: Tensor) -> None:
        """Start to copy (K, 1, H, W); the tensor may be overwritten afterwards by what the device is told later."""
        self._device = alpha.device
        pinned = alpha.device.type == "cuda"
        host = torch.empty((alpha.shape[0], *alpha.shape[2:]), dtype=torch.float32, pin_memory=pinned)
        self._copies.append(host.copy_(alpha[:, 0], non_blocking=pinned))

    def wait(self) -> list[npt.NDArray[np.float32]]:
        """Return all that was added, float32 (K, H, W) each."""
        if self._device is not None and self._device.type == "cuda":
            torch.cuda.current_stream(self._device).synchronize()
        return [copy.numpy() for copy in self._copies]
