"""Puts a loaded pipeline on its device, and makes sure that its weights were really read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch

from config.catalogue import ModelEntry
from pipelines.device import DeviceInfo
from pipelines.torch_setup import torch_device

GIB = 1024**3
PAGE_BYTES = 4096


def place(pipeline: Any, entry: ModelEntry, device: DeviceInfo) -> tuple[str, ...]:
    """Move a pipeline to its device; return notes for the report.

    A model whose estimate exceeds the device's memory is offloaded: its components visit the device one at a time.
    """
    if device.kind == "cpu":
        return ()
    target = torch_device(device)
    if entry.card.memory_gib * GIB <= device.memory_bytes:
        pipeline.to(target)
        return ()
    pipeline.enable_model_cpu_offload(device=target)
    note = (
        f"degraded: {entry.name} is estimated at {entry.card.memory_gib:g} GiB and {device.name} has {device.memory_bytes / GIB:.1f}: "
        "components were moved to the device one at a time"
    )
    return (note,)


def touch_weights(pipeline: Any) -> None:
    """Read one byte of every page of the weights that lie in host memory: a mapped file is not read by loading it."""
    for storage in _storages(pipeline):
        if storage.device.type == "cpu" and storage.nbytes():
            torch.tensor([], dtype=torch.uint8).set_(storage)[::PAGE_BYTES].sum()


def held_bytes(pipeline: Any) -> int:
    """Return the bytes of all parameters and buffers, shared ones once."""
    return sum(storage.nbytes() for storage in _storages(pipeline))


def _storages(pipeline: Any) -> Iterator[torch.UntypedStorage]:
    seen: set[int] = set()
    for component in pipeline.components.values():
        if not isinstance(component, torch.nn.Module):
            continue
        for tensor in (*component.parameters(), *component.buffers()):
            storage = tensor.untyped_storage()
            if storage.data_ptr() not in seen:
                seen.add(storage.data_ptr())
                yield storage
