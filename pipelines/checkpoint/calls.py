"""What the denoisers of a pipeline return at each step, in shape alone, so that a resumed run can go through the motions.

A pipeline may call its denoiser several times per step, in other batches or with other outputs (guidance on some steps
only, skipped layers, a second expert); so the calls of each step are kept in their order.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

import torch
from diffusers.utils import BaseOutput

from pipelines.checkpoint.errors import CheckpointRefused, NotStorable

DENOISER = re.compile(r"(transformer|unet|controlnet)(_\d+)?")
"""Components whose calls are left out of steps that are skipped. Calling another would cost time, and nothing else."""
MAX_GROWTH = 64
"""How many times the elements of the latents a denoiser may return."""

Shape = tuple[Any, ...]
"""``("tensor", dtype, sizes)``, ``("none",)``, ``("list" | "tuple", items)`` or ``("output", class, ((field, item), …))``."""
Call = tuple[str, Shape]
"""A component and what it returned."""
Calls = tuple[Call, ...]
"""The calls of one step."""


class Denoisers:
    """Watches the denoisers of a pipeline; a context manager around its call.

    Their class is swapped and not their ``forward``, which offloading replaces while a pipeline runs.

    Args:
        pipeline: any pipeline of diffusers.
        recorded: the calls of the steps to be skipped.
        limit: how many elements the outputs of a skipped call may have.
    """

    def __init__(self, pipeline: Any, recorded: Sequence[Calls] = (), *, limit: int = 0) -> None:
        components = {name: getattr(pipeline, name, None) for name in pipeline.components if DENOISER.fullmatch(name)}
        self._modules = {name: module for name, module in components.items() if isinstance(module, torch.nn.Module)}
        self._classes = {name: type(module) for name, module in self._modules.items()}
        self._steps: list[Calls] = []
        self._recorded, self._limit = recorded, limit
        self._now: list[Call] = []
        self._trouble: NotStorable | None = None

    def __enter__(self) -> Self:
        for name, module in self._modules.items():
            module.__class__ = self._watched_class(name)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for name, module in self._modules.items():
            module.__class__ = self._classes[name]

    def step_done(self) -> None:
        """Count the calls since the last step as those of one step.

        Raises:
            CheckpointRefused: when the step was skipped, and made fewer calls than the recorded one.
        """
        calls = tuple(self._now)
        self._now.clear()
        if self._skipping and calls != self._recorded[len(self._steps)]:
            raise CheckpointRefused(f"step {len(self._steps) + 1} calls the denoiser differently")
        # Equal steps share one object: there are few kinds of them.
        self._steps.append(self._steps[-1] if self._steps and self._steps[-1] == calls else calls)

    def steps(self) -> list[Calls]:
        """Return the calls of every complete step.

        Raises:
            NotStorable: when a denoiser returned something that has no shape.
        """
        if self._trouble is not None:
            raise self._trouble
        return list(self._steps)

    @property
    def _skipping(self) -> bool:
        return len(self._steps) < len(self._recorded)

    def _watched_class(self, name: str) -> type[Any]:
        denoisers, base = self, self._classes[name]

        def call(module: Any, *args: Any, **kwargs: Any) -> Any:
            if denoisers._skipping:
                return denoisers._skipped(name, args, kwargs)
            output = base.__call__(module, *args, **kwargs)
            denoisers._record(name, output)
            return output

        return type(base.__name__, (base,), {"__call__": call, "__module__": base.__module__, "__qualname__": base.__qualname__})

    def _record(self, name: str, output: Any) -> None:
        try:
            self._now.append((name, shape_of(output)))
        except NotStorable as error:
            self._trouble = error

    def _skipped(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        step = self._recorded[len(self._steps)]
        if len(self._now) >= len(step) or step[len(self._now)][0] != name:
            raise CheckpointRefused(f"step {len(self._steps) + 1} calls the denoiser differently")
        call = step[len(self._now)]
        self._now.append(call)
        return zeros(call[1], _device_of((args, kwargs)), self._classes[name], self._limit)


def shape_of(output: Any) -> Shape:
    """Return the shape of what a denoiser returned.

    Raises:
        NotStorable: for an output that is no tensor and no collection of tensors.
    """
    match output:
        case None:
            return ("none",)
        case torch.Tensor():
            return ("tensor", str(output.dtype).removeprefix("torch."), tuple(output.shape))
        case list() | tuple():
            return ("list" if isinstance(output, list) else "tuple", tuple(shape_of(item) for item in output))
        case BaseOutput():
            return ("output", type(output).__name__, tuple((name, shape_of(item)) for name, item in output.items()))
    raise NotStorable(f"the denoiser returns a {type(output).__qualname__}")


def zeros(shape: Any, device: torch.device, owner: type[Any], limit: int) -> Any:
    """Return zeros of a shape that comes out of a file.

    Args:
        shape: as :func:`shape_of` makes it.
        device: where the tensors will be.
        owner: the denoiser's class; classes of outputs are looked up beside it.
        limit: how many elements a tensor may have.

    Raises:
        CheckpointRefused: for what is no shape, and for absurd sizes.
    """
    match shape:
        case ("none",):
            return None
        case ("tensor", str(dtype), tuple(sizes)) if all(isinstance(size, int) and size >= 0 for size in sizes):
            found = getattr(torch, dtype, None)
            if isinstance(found, torch.dtype) and _product(sizes) <= limit:
                return torch.zeros(sizes, dtype=found, device=device)
        case ("list" | "tuple" as kind, tuple(items)):
            made = [zeros(item, device, owner, limit) for item in items]
            return made if kind == "list" else tuple(made)
        case ("output", str(name), tuple(items)):
            found = getattr(sys.modules[owner.__module__], name, None)
            if isinstance(found, type) and issubclass(found, BaseOutput):
                return found(**{field: zeros(item, device, owner, limit) for field, item in items})
    raise CheckpointRefused("it tells outputs of the denoiser that cannot be")


def _product(sizes: tuple[int, ...]) -> int:
    product = 1
    for size in sizes:
        product *= size
    return product


def _device_of(values: Any) -> torch.device:
    """Return the device of the first tensor that a denoiser was given."""
    found = next(_tensors(values), None)
    return torch.device("cpu") if found is None else found.device


def _tensors(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _tensors(item)
    elif isinstance(value, dict):
        yield from _tensors(list(value.values()))
