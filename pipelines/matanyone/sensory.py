"""The recurrent state that carries low-level traits of the subject from frame to frame (XMem, arXiv 2207.07115)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from pipelines.matanyone.convolution import PointConv
from pipelines.matanyone.islands import float32_island
from pipelines.matanyone.sizes import WIDTH


class GatedUpdate(nn.Module):
    """A convolutional gated recurrent unit, always in float32, for its errors would add up over a clip."""

    def __init__(self) -> None:
        super().__init__()
        self.transform = nn.Conv2d(2 * WIDTH, 3 * WIDTH, 3, padding=1)

    def forward(self, g: Tensor, sensory: Tensor) -> Tensor:
        """Return the next state (B, 256, h, w) float32 from what was seen, ``g``, and the state before."""
        with float32_island(g):
            forget, update, new = self.transform(torch.cat([g.float(), sensory.float()], dim=1)).split(WIDTH, dim=1)
            update = torch.sigmoid(update)
            return torch.sigmoid(forget) * sensory * (1 - update) + update * torch.tanh(new)


class DecoderUpdate(GatedUpdate):
    """The same, fed with the decoder's maps at all strides."""

    def __init__(self) -> None:
        super().__init__()
        self.g16_conv = PointConv(WIDTH, WIDTH)
        self.g8_conv = PointConv(128, WIDTH)
        self.g4_conv = PointConv(128, WIDTH)
        self.g2_conv = PointConv(64, WIDTH)
        self.g1_conv = PointConv(16 + 1, WIDTH)

    def gather(self, p16: Tensor, p8: Tensor, p4: Tensor, p2: Tensor, p1_at_16: Tensor) -> Tensor:
        """Return all maps averaged down to stride 16, which the last one is already, and projected, summed: (B, 256, h, w)."""
        summed: Tensor = self.g16_conv(p16)
        summed += self.g8_conv(functional.avg_pool2d(p8, 2))
        summed += self.g4_conv(functional.avg_pool2d(p4, 4))
        summed += self.g2_conv(functional.avg_pool2d(p2, 8))
        summed += self.g1_conv(p1_at_16)
        return summed


class TrainingHead(nn.Module):
    """Holds the weights of a head that only training used, so that published names all have their place."""

    def __init__(self) -> None:
        super().__init__()
        self.sensory_aux = nn.ModuleDict({"projection": nn.Conv2d(WIDTH, WIDTH + 1, 1)})
