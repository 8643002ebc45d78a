"""Turns plain values into JSON and named tensors by their type, and back; whatever has another type is refused.

A scheduler's state is whatever its class keeps in attributes. Storing it by type and not by pickle means that a
checkpoint from elsewhere can do no more than hold wrong numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from pydantic import JsonValue

from pipelines.checkpoint.errors import CheckpointRefused, NotStorable

MAX_DEPTH = 16
PAIR = 2
MAX_DIGITS = 256

Packed = list[JsonValue]
"""A tag and what belongs to it, such as ``["float", "0x1.8p+0"]`` or ``["tensor", "t3", "cpu"]``."""

STORED_DTYPES = frozenset(
    {
        torch.float64,
        torch.float32,
        torch.float16,
        torch.bfloat16,
        torch.int64,
        torch.int32,
        torch.int16,
        torch.int8,
        torch.uint8,
        torch.bool,
    }
)


class Packer:
    """Packs values; ``tensors`` are their copies on the host, by the names that the packed form uses.

    Args:
        copy: whether to copy the tensors. Without, nothing is moved, and one learns only whether the values can be stored.
    """

    def __init__(self, *, copy: bool = True) -> None:
        self._copy = copy
        self.tensors: dict[str, torch.Tensor] = {}

    def pack(self, value: Any, where: str = "") -> Packed:  # noqa: PLR0911 - one case per type
        """Return the packed form of a value.

        Raises:
            NotStorable: naming the place of what has no packed form.
        """
        match value:
            case None:
                return ["none"]
            case torch.Tensor():
                return self._tensor(value, where)
            # Before the numbers of Python: numpy's float64 is one of them too.
            case np.ndarray() | np.generic():
                return ["numpy", self._add(_from_numpy(np.asarray(value), where), where), isinstance(value, np.generic)]
            case bool():
                return ["bool", value]
            case int():
                return ["int", str(value)]
            case float():
                # Hexadecimal keeps every bit, infinities and NaN.
                return ["float", value.hex()]
            case str():
                return ["str", value]
            case list() | tuple() if type(value) in {list, tuple}:
                return [type(value).__name__, *(self.pack(item, f"{where}[{index}]") for index, item in enumerate(value))]
            case dict() if all(isinstance(key, str) for key in value):
                return ["dict", *([key, self.pack(item, f"{where}.{key}")] for key, item in value.items())]
        raise NotStorable(f"{where.lstrip('.') or 'a value'} is a {type(value).__qualname__}")

    def _tensor(self, value: torch.Tensor, where: str) -> Packed:
        return ["tensor", self._add(value, where), "cpu" if value.device.type == "cpu" else "device"]

    def _add(self, tensor: torch.Tensor, where: str) -> str:
        if tensor.dtype not in STORED_DTYPES or tensor.layout is not torch.strided:
            raise NotStorable(f"{where.lstrip('.')} is a tensor of {tensor.dtype}, {tensor.layout}")
        name = f"t{len(self.tensors)}"
        self.tensors[name] = on_host(tensor) if self._copy else tensor
        return name


def on_host(tensor: torch.Tensor) -> torch.Tensor:
    """Return a contiguous copy in host memory that shares nothing."""
    return tensor.detach().to("cpu", copy=True, memory_format=torch.contiguous_format)


def _from_numpy(array: np.ndarray[Any, Any], where: str) -> torch.Tensor:
    try:
        return torch.from_numpy(np.array(array))
    except TypeError as error:
        raise NotStorable(f"{where.lstrip('.')} is an array of {array.dtype}") from error


def unpack(  # noqa: C901, PLR0911 - one case per type
    packed: Any, tensors: Mapping[str, torch.Tensor], device: torch.device, depth: int = 0
) -> Any:
    """Return the value of a packed form, with copies of its tensors where they were: on the host, or on the device.

    Raises:
        CheckpointRefused: for a form that :class:`Packer` does not make.
    """
    if depth > MAX_DEPTH:
        raise CheckpointRefused(f"its values are nested more than {MAX_DEPTH} deep")
    match packed:
        case ["none"]:
            return None
        case ["tensor", str(name), "cpu" | "device" as place] if name in tensors:
            return tensors[name].to("cpu" if place == "cpu" else device, copy=True)
        case ["numpy", str(name), bool(scalar)] if name in tensors:
            return _array(tensors[name], scalar=scalar)
        case ["bool", bool(value)]:
            return value
        case ["int", str(text)]:
            return _number(int, text)
        case ["float", str(text)]:
            return _number(float.fromhex, text)
        case ["str", str(value)]:
            return value
        case ["list", *items]:
            return [unpack(item, tensors, device, depth + 1) for item in items]
        case ["tuple", *items]:
            return tuple(unpack(item, tensors, device, depth + 1) for item in items)
        case ["dict", *items] if all(isinstance(item, list) and len(item) == PAIR and isinstance(item[0], str) for item in items):
            return {key: unpack(value, tensors, device, depth + 1) for key, value in items}
    raise CheckpointRefused("it holds a value of an unknown form")


def _number(parse: Callable[[str], float], text: str) -> float:
    if len(text) > MAX_DIGITS:
        raise CheckpointRefused("it holds a number of absurd length")
    try:
        return parse(text)
    except (ValueError, OverflowError) as error:
        raise CheckpointRefused("it holds a number that is none") from error


def _array(tensor: torch.Tensor, *, scalar: bool) -> Any:
    try:
        array = tensor.clone().numpy()
    except TypeError as error:
        raise CheckpointRefused(f"it holds an array of {tensor.dtype}") from error
    return array[()] if scalar else array
