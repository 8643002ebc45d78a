"""Batch normalisations as part of the convolutions before them, which is the same when nothing is trained."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

PAIRS = (("conv1", "bn1"), ("conv2", "bn2"), ("conv3", "bn3"), ("conv1x1_v2", "bn1"), ("conv3x3", "bn2"), ("0", "1"))
"""Names of a convolution and of what normalises its result, in one module."""


def fold_norms(network: nn.Module) -> None:
    """Scale the convolutions of a network in float32, give them biases, and put identities where the normalisations were.

    Afterwards its state dict is not that of a published checkpoint.
    """
    for owner, conv, norm in list(_normalised(network)):
        _fold(getattr(owner, conv), getattr(owner, norm))
        setattr(owner, norm, nn.Identity())


def _normalised(network: nn.Module) -> Iterator[tuple[nn.Module, str, str]]:
    for owner in network.modules():
        for conv, norm in PAIRS:
            if isinstance(getattr(owner, conv, None), nn.Conv2d) and isinstance(getattr(owner, norm, None), nn.BatchNorm2d):
                yield owner, conv, norm


def _fold(conv: nn.Conv2d, norm: nn.BatchNorm2d) -> None:
    mean, variance = _buffer(norm, "running_mean"), _buffer(norm, "running_var")
    scale = norm.weight.double() / (variance + norm.eps).sqrt()
    weight = (conv.weight.double() * scale.view(-1, 1, 1, 1)).float()
    bias = (norm.bias.double() - mean * scale).float()
    conv.weight = nn.Parameter(weight, requires_grad=False)
    conv.bias = nn.Parameter(bias, requires_grad=False)


def _buffer(norm: nn.BatchNorm2d, name: str) -> Tensor:
    value: torch.Tensor = getattr(norm, name)
    return value.double()
