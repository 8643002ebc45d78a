"""Maps as rows of tokens, and back."""

from __future__ import annotations

import torch
from torch import Tensor


def as_tokens(feature_map: Tensor) -> Tensor:
    """Return (B, h * w, C) of a map (B, C, h, w)."""
    return feature_map.flatten(2).transpose(1, 2)


def as_map(tokens: Tensor, size: tuple[int, int]) -> Tensor:
    """Return (B, C, h, w) of tokens (B, h * w, C); ``size`` is (h, w)."""
    return tokens.transpose(1, 2).reshape(tokens.shape[0], tokens.shape[2], *size)


def channels_last(feature_map: Tensor) -> Tensor:
    """Return a map (B, C, h, w) that lies in memory with its channels last, and with no stride that another history could have given it."""
    channels, height, width = feature_map.shape[1:]
    strides = (channels * height * width, 1, width * channels, channels)
    if feature_map.stride() == strides:
        return feature_map
    return torch.empty_strided(feature_map.shape, strides, dtype=feature_map.dtype, device=feature_map.device).copy_(feature_map)
