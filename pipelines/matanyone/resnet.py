"""Blocks of residual networks with torchvision's parameter names (He et al., arXiv 1512.03385). Tensors are (B, C, H, W).

What a normalisation made belongs to the block and is overwritten; new memory for each ReLU costs more than the ReLU.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from pipelines.matanyone.convolution import PointConv

EXPANSION = 4
"""By which a bottleneck's last convolution is wider than its others."""


class BasicBlock(nn.Module):
    """Two 3x3 convolutions, as in ResNet-18."""

    def __init__(self, width_in: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(width_in, width, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = _shortcut(width_in, width, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, width_in, H, W) to (B, width, H/stride, W/stride)."""
        y = torch.relu_(self.bn1(self.conv1(x)))
        return torch.relu_(self.bn2(self.conv2(y)).add_(self.downsample(x)))


class Bottleneck(nn.Module):
    """1x1, 3x3 and 1x1 convolutions, as in ResNet-50; the stride is in the middle one."""

    def __init__(self, width_in: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = PointConv(width_in, width, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = PointConv(width, width * EXPANSION, bias=False)
        self.bn3 = nn.BatchNorm2d(width * EXPANSION)
        self.downsample = _shortcut(width_in, width * EXPANSION, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, width_in, H, W) to (B, 4 * width, H/stride, W/stride); overwrites ``x`` where the shape stays and norms are folded."""
        y = torch.relu_(self.bn1(self.conv1(x)))
        y = torch.relu_(self.bn2(self.conv2(y)))
        if isinstance(self.bn3, nn.Identity):
            return self.conv3.add_relu_(self.downsample(x), y)
        return torch.relu_(self.bn3(self.conv3(y)).add_(self.downsample(x)))


def basic_stage(width_in: int, width: int, *, blocks: int, stride: int) -> nn.Sequential:
    """Return a stage of ResNet-18 kind."""
    rest = [BasicBlock(width, width, 1) for _ in range(blocks - 1)]
    return nn.Sequential(BasicBlock(width_in, width, stride), *rest)


def bottleneck_stage(width_in: int, width: int, *, blocks: int, stride: int) -> nn.Sequential:
    """Return a stage of ResNet-50 kind; its output has four times ``width`` channels."""
    rest = [Bottleneck(width * EXPANSION, width, 1) for _ in range(blocks - 1)]
    return nn.Sequential(Bottleneck(width_in, width, stride), *rest)


def _shortcut(width_in: int, width_out: int, stride: int) -> nn.Module:
    if stride == 1 and width_in == width_out:
        return nn.Identity()
    conv = PointConv(width_in, width_out, bias=False) if stride == 1 else nn.Conv2d(width_in, width_out, 1, stride, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(width_out))
