"""Attention of a frame's tokens to the thirty most similar tokens in memory.

Similarity is minus a squared distance, weighted per channel by the frame's selection and scaled by the memory's shrinkage (XMem,
arXiv 2207.07115). Written out it is one matrix product of width 129. Tokens of the frame do not depend on each other, so they are taken in tiles:
the matrix of all pairs, 1.2 GiB per target at 1080p and 20 GiB at 4K with a full memory, never exists.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from pipelines.matanyone.islands import float32_island
from pipelines.matanyone.layout import as_map, as_tokens
from pipelines.matanyone.sizes import KEY_WIDTH, TOP_K

KEY_OPERAND = 2 * KEY_WIDTH + 1
CPU_TILE_PAIRS = 4 * 1024 * 1024
"""Similarities that exist at a time on a CPU: 16 MiB in float32; larger tiles leave its caches and are slower."""
TILE_PAIRS = 64 * 1024 * 1024
"""The same elsewhere, where many small products would leave the device idle: 256 MiB."""


def key_operand(key: Tensor, shrinkage: Tensor) -> Tensor:
    """Return memory's side of the product, (B, P, 129) float32, from key (B, 64, h, w) and shrinkage (B, 1, h, w)."""
    k = key.float()
    scaled = torch.cat([-k.square(), 2 * k, -torch.ones_like(shrinkage, dtype=torch.float32)], dim=1)
    return as_tokens(scaled * shrinkage.float() / math.sqrt(KEY_WIDTH))


def query_operand(key: Tensor, selection: Tensor) -> Tensor:
    """Return the frame's side of the product, (B, P, 129) float32, from key and selection (B, 64, h, w)."""
    k, e = key.float(), selection.float()
    weighted = e * k
    return as_tokens(torch.cat([e, weighted, (weighted * k).sum(dim=1, keepdim=True)], dim=1))


def read_memory(keys: Tensor, values: Tensor, key: Tensor, selection: Tensor, *, tile_pairs: int | None = None) -> Tensor:
    """Return the readout (B, 256, h, w).

    Args:
        keys: (B, N, 129), operands of the memory's tokens.
        values: (B, N, 256).
        key: of the frame, (B, 64, h, w).
        selection: of the frame, (B, 64, h, w).
        tile_pairs: bound of the similarities that exist at a time, by default the device's; at least one token's do.
    """
    bound = tile_pairs or (CPU_TILE_PAIRS if key.device.type == "cpu" else TILE_PAIRS)
    with float32_island(key):
        queries = query_operand(key, selection)
        tile = max(1, bound // keys.shape[1])
        targets = [
            torch.cat([_read_tile(target_keys, target_values, part) for part in target_queries.split(tile)])
            for target_keys, target_values, target_queries in zip(keys, values, queries, strict=True)
        ]
    return as_map(torch.stack(targets), (key.shape[-2], key.shape[-1]))


def _read_tile(keys: Tensor, values: Tensor, queries: Tensor) -> Tensor:
    """Return (tile, 256) for keys (N, 129), values (N, 256) and queries (tile, 129)."""
    similarity = queries @ keys.T
    best = similarity.topk(min(TOP_K, keys.shape[0]), dim=1, sorted=False)
    weights = best.values.softmax(dim=1).to(values.dtype)
    return functional.embedding_bag(best.indices, values, per_sample_weights=weights, mode="sum")
