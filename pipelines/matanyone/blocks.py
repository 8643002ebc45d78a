"""Residual blocks that several parts of the network are made of.

Source of all blocks: Cutie (Cheng et al., CVPR 2024, arXiv 2310.12982), on which MatAnyone builds. Tensors are (B, C, H, W).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from pipelines.matanyone.convolution import PointConv
from pipelines.matanyone.sizes import WIDTH

GATE_KERNEL = 5


class GatedBlock(nn.Module):
    """Two 3x3 convolutions whose result is weighted per channel (ECA, arXiv 1910.03151) and added to the input; width 256 is kept."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(WIDTH, WIDTH, 3, padding=1)
        self.conv2 = nn.Conv2d(WIDTH, WIDTH, 3, padding=1)
        self.conv = nn.Conv1d(1, 1, GATE_KERNEL, padding=GATE_KERNEL // 2, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, 256, H, W) to the same shape."""
        y: Tensor = self.conv2(torch.relu_(self.conv1(torch.relu(x))))
        gate = torch.sigmoid(self.conv(y.mean(dim=(2, 3)).unsqueeze(1)))
        return torch.addcmul(x, y, gate.transpose(1, 2).unsqueeze(-1))


class Distributor(nn.Module):
    """Brings two maps of width 256 together by a projection of each."""

    def __init__(self) -> None:
        super().__init__()
        self.x_transform = PointConv(WIDTH, WIDTH)
        self.g_transform = PointConv(WIDTH, WIDTH)

    def forward(self, x: Tensor, g: Tensor) -> Tensor:
        """Map two (B, 256, H, W) to one; ``x`` may be of one image for all B."""
        out: Tensor = self.g_transform(g)
        return out.add_(self.x_transform(x))


class FusionBlock(nn.Module):
    """Mixes features of the image (``x``) with those of the subject (``g``)."""

    def __init__(self) -> None:
        super().__init__()
        self.distributor = Distributor()
        self.block1 = GatedBlock()
        self.block2 = GatedBlock()

    def forward(self, x: Tensor, g: Tensor) -> Tensor:
        """Map two (B, 256, H, W) to one; ``x`` may be of one image for all B."""
        out: Tensor = self.block2(self.block1(self.distributor(x, g)))
        return out


class PreActivationBlock(nn.Module):
    """Two 3x3 convolutions, each after its ReLU, added to the input, which is projected where widths differ."""

    def __init__(self, width_in: int, width_out: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(width_in, width_out, 3, padding=1)
        self.conv2 = nn.Conv2d(width_out, width_out, 3, padding=1)
        self.downsample: nn.Module = PointConv(width_in, width_out) if width_in != width_out else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, width_in, H, W) to (B, width_out, H, W); overwrites ``x`` where widths differ."""
        if isinstance(self.downsample, nn.Identity):
            return self._inner(torch.relu(x)).add_(x)
        shortcut: Tensor = self.downsample(x)
        return shortcut.add_(self._inner(torch.relu_(x)))

    def _inner(self, x: Tensor) -> Tensor:
        out: Tensor = self.conv2(torch.relu_(self.conv1(x)))
        return out
