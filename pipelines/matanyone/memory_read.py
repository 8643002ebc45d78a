"""Attention of a frame's tokens to the thirty most similar tokens in memory.

Similarity is minus a squared distance, weighted per channel by the frame's selection and scaled by the memory's shrinkage (XMem,
arXiv 2207.07115). Written out it is one matrix product of width 129. Tokens of the frame do not depend on each other, so they are taken in tiles:
the matrix of all pairs, 1.2 GiB at 1080p and 20 GiB at 4K with a full memory, never exists. Which tokens are similar does not depend on the target
either: it is found once for all of them.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from pipelines.matanyone.islands import float32_island
from pipelines.matanyone.layout import as_map, as_tokens
from pipelines.matanyone.nearest import nearest
from pipelines.matanyone.sizes import KEY_WIDTH, TOP_K

KEY_OPERAND = 2 * KEY_WIDTH + 1
CPU_TILE_PAIRS = 8 * 1024 * 1024
"""Similarities that exist at a time on a CPU: 32 MiB in float32; of more it was no faster."""
TILE_PAIRS = 64 * 1024 * 1024
"""The same elsewhere, where many small products would leave the device idle: 256 MiB."""


def key_operand(key: Tensor, shrinkage: Tensor) -> Tensor:
    """Return memory's side of the product, (..., 129) float32, from key (..., 64) and shrinkage (..., 1), both float32."""
    scaled = torch.cat([-key.square(), 2 * key, -torch.ones_like(shrinkage)], dim=-1)
    return scaled * shrinkage / math.sqrt(KEY_WIDTH)


def query_operand(key: Tensor, selection: Tensor) -> Tensor:
    """Return the frame's side of the product, (P, 129) float32, from key and selection (1, 64, h, w)."""
    k, e = key.float(), selection.float()
    weighted = e * k
    return as_tokens(torch.cat([e, weighted, (weighted * k).sum(dim=1, keepdim=True)], dim=1))[0]


def read_memory(
    keys: Tensor, values: Tensor, key: Tensor, selection: Tensor, *, absent: Tensor | None = None, tile_pairs: int | None = None
) -> Tensor:
    """Return the readout (B, 256, h, w).

    Args:
        keys: (N, 129), operands of the memory's tokens.
        values: (B, N, 256) for B targets.
        key: of the frame, (1, 64, h, w).
        selection: of the frame, (1, 64, h, w).
        absent: (N,) float32, 0 for tokens to read and minus infinity for those that hold nothing; by default all are read.
        tile_pairs: bound of the similarities that exist at a time, by default the device's; at least one token's do.
    """
    bound = tile_pairs or (CPU_TILE_PAIRS if key.device.type == "cpu" else TILE_PAIRS)
    with float32_island(key):
        queries = query_operand(key, selection)
        parts = torch.split(queries, max(1, bound // keys.shape[0]))
        # One matrix for all tiles: to be given new memory for each would take as long as the product.
        pairs = queries.new_empty(parts[0].shape[0], keys.shape[0])
        tiles = [_read_tile(keys, values, part, absent, pairs[: part.shape[0]]) for part in parts]
    return as_map(torch.cat(tiles, dim=1), (key.shape[-2], key.shape[-1]))


def _read_tile(keys: Tensor, values: Tensor, queries: Tensor, absent: Tensor | None, similarity: Tensor) -> Tensor:
    """Return (B, tile, 256) for keys (N, 129), values (B, N, 256) and queries (tile, 129); overwrites ``similarity`` (tile, N)."""
    torch.mm(queries, keys.T, out=similarity)
    if absent is not None:
        similarity += absent
    best, where = nearest(similarity, min(TOP_K, keys.shape[0]))
    weights = best.softmax(dim=1).to(values.dtype)
    return torch.stack([functional.embedding_bag(where, of_target, per_sample_weights=weights, mode="sum") for of_target in values])
