"""Convolutions of one pixel."""

from __future__ import annotations

import torch
from torch import Tensor, nn

ONES, ZEROS = (1, 1), (0, 0)


class PointConv(nn.Conv2d):
    """A 1x1 convolution with stride 1.

    With one thread, torch multiplies matrices for it instead of calling oneDNN, which takes half the time on channels-last maps; so oneDNN is
    called here wherever torch would call it with more threads.
    """

    def __init__(self, width_in: int, width_out: int, *, bias: bool = True) -> None:
        super().__init__(width_in, width_out, 1, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, width_in, H, W) to (B, width_out, H, W)."""
        if not _onednn_takes(x, self.weight):
            return super().forward(x)
        x = x.contiguous(memory_format=torch.channels_last)
        out: Tensor = torch.mkldnn_convolution(x, self.weight, self.bias, ZEROS, ONES, ONES, 1)
        return out

    def add_relu_(self, target: Tensor, x: Tensor) -> Tensor:
        """Return ``relu(target + conv(x))`` in the memory of ``target`` (B, width_out, H, W): without a map of its own for the result of ``conv``."""
        onto = target.is_contiguous(memory_format=torch.channels_last) and target.dtype == torch.float32
        if not onto or not _onednn_takes(x, self.weight):
            return torch.relu_(target.add_(self(x)))
        x = x.contiguous(memory_format=torch.channels_last)
        # What torch.compile calls for the same; it has no public name.
        fused = torch.ops.mkldnn._convolution_pointwise_.binary
        out: Tensor = fused(target, x, self.weight, self.bias, ZEROS, ONES, ONES, 1, "add", 1.0, "relu", [], None)
        return out


def _onednn_takes(x: Tensor, weight: Tensor) -> bool:
    if torch.compiler.is_compiling() or x.device.type != "cpu":
        return False
    exact = x.dtype == weight.dtype == torch.float32 and not torch.is_autocast_enabled("cpu")
    return exact and x.numel() > 0 and not torch.is_grad_enabled() and torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]  # torch leaves its types out
