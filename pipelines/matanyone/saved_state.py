"""A matting's state as tensors by name, and back."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from pipelines.checkpoint.errors import CheckpointRefused
from pipelines.matanyone.layout import channels_last
from pipelines.matanyone.memory_ring import MemoryRing
from pipelines.matanyone.network import MatAnyoneNetwork
from pipelines.matanyone.precision import Precision, working_dtype
from pipelines.matanyone.sizes import KEY_WIDTH, MEMORISE_EVERY, MEMORY_FRAMES, STRIDE, SUMMARIES, WIDTH
from pipelines.matanyone.steps import MattingState

COUNTERS = "counters"
"""int64 (5,): format, frame height, frame width, frames since the first, frames memorised."""
FORMAT = 1
MAPS = ("sensory", "value", "pix_feat", "alpha16")
MAX_SIDE = 2**15


def pack_state(state: MattingState, size: tuple[int, int]) -> dict[str, Tensor]:
    """Return copies on the host; operands of the memory's product are left out, for they follow from key and shrinkage.

    Args:
        state: all frames remembered.
        size: of the frames, (height, width).
    """
    memory = state.memory
    tensors = {name: getattr(state, name) for name in (*MAPS, "objects")}
    tensors |= {"memory.matched": memory.matched[: memory.filled], "memory.values": memory.values[:, : memory.filled]}
    packed = {name: _host_copy(tensor) for name, tensor in tensors.items()}
    packed[COUNTERS] = torch.tensor([FORMAT, *size, state.time, memory.written])
    return packed


def unpack_state(
    tensors: Mapping[str, Tensor], network: MatAnyoneNetwork, precision: Precision
) -> tuple[MattingState, tuple[int, int], int]:
    """Return the state on the network's device, the frames' size (height, width), and how many frames it has seen.

    Raises:
        CheckpointRefused: names, shapes, dtypes or numbers are not those of such a state; the text says which.
    """
    _check_names(tensors)
    _, height, width, time, written = counters = _counters(tensors[COUNTERS])
    if not _possible(counters):
        raise CheckpointRefused(f"the matting's state counts what cannot be: {counters}")
    dtype, sensory = working_dtype(network, precision), tensors["sensory"]
    targets = sensory.shape[0] if sensory.dim() else 0
    for name, (shape, wanted) in _expected(targets, height, width, written, dtype).items():
        _check(name, tensors[name], shape, wanted)
    device = network.device
    memory = MemoryRing(targets, _tokens(height, width), device=device, dtype=dtype)
    memory.restore(tensors["memory.matched"].to(device), tensors["memory.values"].to(device), written)
    maps = {name: channels_last(tensors[name].to(device, copy=True)) for name in MAPS}
    state = MattingState(**maps, objects=tensors["objects"].to(device, copy=True), memory=memory, time=time)
    return state, (height, width), time + 1


def _host_copy(tensor: Tensor) -> Tensor:
    return torch.empty(tensor.shape, dtype=tensor.dtype).copy_(tensor)


def _tokens(height: int, width: int) -> int:
    return math.ceil(height / STRIDE) * math.ceil(width / STRIDE)


def _expected(targets: int, height: int, width: int, written: int, dtype: torch.dtype) -> dict[str, tuple[tuple[int, ...], torch.dtype]]:
    grid = (math.ceil(height / STRIDE), math.ceil(width / STRIDE))
    filled, tokens = min(written, MEMORY_FRAMES), _tokens(height, width)
    return {
        "sensory": ((targets, WIDTH, *grid), torch.float32),
        "value": ((targets, WIDTH, *grid), dtype),
        "pix_feat": ((1, WIDTH, *grid), dtype),
        "alpha16": ((targets, 1, *grid), torch.float32),
        "objects": ((targets, SUMMARIES, WIDTH + 1), torch.float32),
        "memory.matched": ((filled, tokens, KEY_WIDTH + 1), torch.float32),
        "memory.values": ((targets, filled, tokens, WIDTH), dtype),
    }


def _check_names(tensors: Mapping[str, Tensor]) -> None:
    expected = {COUNTERS, *_expected(1, 1, 1, 1, torch.float32)}
    missing, unexpected = sorted(expected - set(tensors)), sorted(set(tensors) - expected)
    if missing or unexpected:
        raise CheckpointRefused(f"the matting's state has no {missing} and additional {unexpected}; it is of another backend or release")


def _counters(tensor: Tensor) -> list[int]:
    if tensor.dtype != torch.int64 or tuple(tensor.shape) != (5,):
        raise CheckpointRefused(f"the matting's counters are {tensor.dtype} of shape {tuple(tensor.shape)} and not five whole numbers")
    return [int(number) for number in tensor.tolist()]


def _possible(counters: list[int]) -> bool:
    version, height, width, time, written = counters
    sizes = 1 <= height <= MAX_SIDE and 1 <= width <= MAX_SIDE
    return version == FORMAT and sizes and time >= 0 and written == 1 + time // MEMORISE_EVERY


def _check(name: str, tensor: Tensor, shape: tuple[int, ...], dtype: torch.dtype) -> None:
    if tuple(tensor.shape) != shape or tensor.dtype != dtype or 0 in shape:
        found = f"{tensor.dtype} of shape {tuple(tensor.shape)}"
        raise CheckpointRefused(f"the matting's {name} is {found} and not {dtype} of shape {shape}")
    if not bool(torch.isfinite(tensor).all()):
        raise CheckpointRefused(f"the matting's {name} holds numbers that are not finite")
