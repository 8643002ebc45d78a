"""Residual blocks that several parts of the network are made of.

Source of all blocks: Cutie (Cheng et al., CVPR 2024, arXiv 2310.12982), on which MatAnyone builds. Tensors are (B, C, H, W).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

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
        self.x_transform = nn.Conv2d(WIDTH, WIDTH, 1)
        self.g_transform = nn.Conv2d(WIDTH, WIDTH, 1)

    def forward(self, x: Tensor, g: Tensor) -> Tensor:
        """Map two (B, 256, H, W) to one."""
        out: Tensor = self.x_transform(x) + self.g_transform(g)
        return out


class FusionBlock(nn.Module):
    """Mixes features of the image (``x``) with those of the subject (``g``)."""

    def __init__(self) -> None:
        super().__init__()
        self.distributor = Distributor()
        self.block1 = GatedBlock()
        self.block2 = GatedBlock()

    def forward(self, x: Tensor, g: Tensor) -> Tensor:
        """Map two (B, 256, H, W) to one."""
        out: Tensor = self.block2(self.block1(self.distributor(x, g)))
        return out


class PreActivationBlock(nn.Module):
    """Two 3x3 convolutions, each after its ReLU, added to the input, which is projected where widths differ."""

    def __init__(self, width_in: int, width_out: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(width_in, width_out, 3, padding=1)
        self.conv2 = nn.Conv2d(width_out, width_out, 3, padding=1)
        self.downsample: nn.Module = nn.Conv2d(width_in, width_out, 1) if width_in != width_out else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, width_in, H, W) to (B, width_out, H, W)."""
        out: Tensor = self.conv2(torch.relu_(self.conv1(torch.relu(x)))) + self.downsample(x)
        return out
