"""Maps as rows of tokens, and back."""

from __future__ import annotations

from torch import Tensor


def as_tokens(feature_map: Tensor) -> Tensor:
    """Return (B, h * w, C) of a map (B, C, h, w)."""
    return feature_map.flatten(2).transpose(1, 2)


def as_map(tokens: Tensor, size: tuple[int, int]) -> Tensor:
    """Return (B, C, h, w) of tokens (B, h * w, C); ``size`` is (h, w)."""
    return tokens.transpose(1, 2).reshape(tokens.shape[0], tokens.shape[2], *size)
