"""Finds memory of a GPU that nothing known holds and that does not come back."""

from __future__ import annotations

import gc
from collections.abc import Iterable

import torch

from pipelines.device import DeviceInfo
from pipelines.placement import storages
from pipelines.torch_setup import torch_device

ALLOWANCE_BYTES = 256 * 1024**2
"""What libraries keep for themselves: the workspaces of cuBLAS (up to 32 MiB per stream and handle) and tables of a few MiB."""
BLOCK_BYTES = 512
"""The allocator's unit: a tensor of one byte takes so much."""


def unexplained_bytes(models: Iterable[torch.nn.Module], device: DeviceInfo) -> int:
    """Return the bytes that tensors hold on a GPU beside the weights of these models; 0 on a CPU, and for what libraries keep.

    Memory that torch caches for reuse is not counted, that of reference cycles is collected first.
    """
    if device.kind == "cpu":
        return 0
    target = torch_device(device)
    explained = sum(-(-storage.nbytes() // BLOCK_BYTES) * BLOCK_BYTES for storage in storages(models) if storage.device == target)
    if torch.cuda.memory_allocated(target) - explained > ALLOWANCE_BYTES:
        gc.collect()
    unexplained = torch.cuda.memory_allocated(target) - explained
    return unexplained if unexplained > ALLOWANCE_BYTES else 0
