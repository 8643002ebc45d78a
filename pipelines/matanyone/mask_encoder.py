"""From an image and its alpha to the value that memory keeps: the first three stages of a ResNet-18 over four channels.

Source: Cutie (arXiv 2310.12982); MatAnyone (arXiv 2501.14677) feeds it an alpha in place of a binary mask.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from pipelines.matanyone.blocks import FusionBlock
from pipelines.matanyone.resnet import basic_stage
from pipelines.matanyone.sensory import GatedUpdate


class MaskEncoder(nn.Module):
    """Its ``sensory_update`` is for frames that are memorised alone."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(4, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.layer1 = basic_stage(64, 64, blocks=2, stride=1)
        self.layer2 = basic_stage(64, 128, blocks=2, stride=2)
        self.layer3 = basic_stage(128, 256, blocks=2, stride=2)
        self.fuser = FusionBlock()
        self.sensory_update = GatedUpdate()

    def forward(self, image: Tensor, pix_feat: Tensor, alpha: Tensor) -> Tensor:
        """Return the mask value (B, 256, h, w).

        Args:
            image: (1, 3, H, W), normalised.
            pix_feat: (1, 256, h, w), the image's features.
            alpha: (B, 1, H, W) in [0, 1].
        """
        x = torch.cat([image.expand(alpha.shape[0], -1, -1, -1), alpha.to(image.dtype)], dim=1)
        x = torch.relu_(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(functional.max_pool2d(x, 3, 2, 1))))
        value: Tensor = self.fuser(pix_feat, x)
        return value
