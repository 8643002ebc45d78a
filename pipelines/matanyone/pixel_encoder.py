"""From an image to features at five strides: the first three stages of a ResNet-50 (arXiv 1512.03385)."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from pipelines.matanyone.resnet import bottleneck_stage
from pipelines.matanyone.sizes import F2, F4, F8


class Pyramid(NamedTuple):
    """Features of one batch of images, each (B, channels, H/stride, W/stride)."""

    f16: Tensor
    f8: Tensor
    f4: Tensor
    f2: Tensor
    f1: Tensor
    """The normalised image itself."""


class PixelEncoder(nn.Module):
    """ResNet-50 up to stride 16."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, F2, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(F2)
        self.res2 = bottleneck_stage(F2, 64, blocks=3, stride=1)
        self.layer2 = bottleneck_stage(F4, 128, blocks=4, stride=2)
        self.layer3 = bottleneck_stage(F8, 256, blocks=6, stride=2)

    def forward(self, image: Tensor) -> Pyramid:
        """Encode normalised images (B, 3, H, W), H and W multiples of 16."""
        f2 = torch.relu_(self.bn1(self.conv1(image)))
        f4: Tensor = self.res2(functional.max_pool2d(f2, 3, 2, 1))
        f8: Tensor = self.layer2(f4)
        return Pyramid(f16=self.layer3(f8), f8=f8, f4=f4, f2=f2, f1=image)
