"""Puts a loaded pipeline on its device, and makes sure that its weights were really read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import torch

from config.catalogue import ModelEntry
from pipelines.device import DeviceInfo
from pipelines.ladder import EFFECTS, Degradation, Rung
from pipelines.torch_setup import torch_device

GIB = 1024**3
PAGE_BYTES = 4096


def place(pipeline: Any, entry: ModelEntry, device: DeviceInfo, offload: Degradation | None = None) -> tuple[Degradation, ...]:
    """Move a pipeline to its device; return how this is less than it was meant to be.

    A model whose estimate exceeds the device's memory is offloaded: its components visit the device one at a time.

    Args:
        pipeline: on the host.
        entry: of the model.
        device: where it will run.
        offload: how to place it instead, after memory ran out.
    """
    if device.kind == "cpu":
        return ()
    if offload is None and entry.card.memory_gib * GIB > device.memory_bytes:
        estimate = f"is estimated at {entry.card.memory_gib:g} GiB and {device.name} has {device.memory_bytes / GIB:.1f}"
        offload = Degradation(
            Rung.MODEL_OFFLOAD, f"degraded ({Rung.MODEL_OFFLOAD}): {entry.name} {estimate}; {EFFECTS[Rung.MODEL_OFFLOAD]}"
        )
    if offload is None:
        pipeline.to(torch_device(device))
        return ()
    move_off(pipeline, device, offload.rung)
    return (offload,)


def move_off(pipeline: Any, device: DeviceInfo, rung: Rung) -> None:
    """Move the weights to the host, from where components, or layers, visit the device."""
    if rung is Rung.MODEL_OFFLOAD:
        pipeline.enable_model_cpu_offload(device=torch_device(device))
    else:
        # Layers are brought as copies of the weights on the host; what is not read yet would be read in the middle of a step.
        touch_weights(pipeline)
        pipeline.enable_sequential_cpu_offload(device=torch_device(device))


def touch_weights(pipeline: Any) -> None:
    """Read one byte of every page of the weights that lie in host memory: a mapped file is not read by loading it."""
    for storage in storages(modules_of(pipeline)):
        if storage.device.type == "cpu" and storage.nbytes():
            torch.tensor([], dtype=torch.uint8).set_(storage)[::PAGE_BYTES].sum()


def held_bytes(pipeline: Any) -> int:
    """Return the bytes of all parameters and buffers, shared ones once."""
    return sum(storage.nbytes() for storage in storages(modules_of(pipeline)))


def modules_of(pipeline: Any) -> tuple[torch.nn.Module, ...]:
    """Return the components of a pipeline that hold weights."""
    return tuple(component for component in pipeline.components.values() if isinstance(component, torch.nn.Module))


def storages(modules: Iterable[torch.nn.Module]) -> Iterator[torch.UntypedStorage]:
    """Yield what holds the parameters and buffers of modules, shared ones once."""
    seen: set[int] = set()
    for module in modules:
        for tensor in (*module.parameters(), *module.buffers()):
            storage = tensor.untyped_storage()
            if storage.data_ptr() not in seen:
                seen.add(storage.data_ptr())
                yield storage
