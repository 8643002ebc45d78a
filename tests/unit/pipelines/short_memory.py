"""A device that runs out of memory at a chosen place until a chosen rung is reached: the only thing about it that is not real.

The device is the CPU under the name of a GPU, so that offloading is open to the ladder; the hooks that bring weights to the
"device" are accelerate's own, and everything else is the real way of a job through the engine.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import accelerate
import pytest
import torch

from pipelines import loading
from pipelines.device import DeviceInfo
from pipelines.placement import modules_of

MESSAGE = "CUDA out of memory. Tried to allocate 2.00 GiB"
GIB = 1024**3
VECTOR_BYTES = 64
"""Of the widest registers (AVX-512), and what torch's allocator on a CPU aligns to."""


def pretended_gpu(monkeypatch: pytest.MonkeyPatch) -> DeviceInfo:
    """Let torch's CPU be taken for a GPU of 24 GiB wherever the engine asks for one."""
    # Diffusers names the device "cpu:0", which torch takes for another one than "cpu" and copies to.
    real = accelerate.cpu_offload
    monkeypatch.setattr(accelerate, "cpu_offload", lambda model, _, **kwargs: real(model, torch.device("cpu"), **kwargs))
    for module in ("engine", "placement", "loading", "leaks", "resuming"):
        monkeypatch.setattr(f"pipelines.{module}.torch_device", lambda _: torch.device("cpu"))
    place = loading.place

    def placed(pipeline: Any, *args: Any) -> Any:
        _lay_as_a_device_does(pipeline)
        return place(pipeline, *args)

    monkeypatch.setattr("pipelines.loading.place", placed)
    return DeviceInfo(kind="cuda", uuid="GPU-aaaa1111", name="Pretended GPU", index=0, memory_bytes=24 * GIB)


def _lay_as_a_device_does(pipeline: Any) -> None:
    """Put weights where an allocator would: a device never has them at the odd places of a mapped file.

    Some processors sum in another order when an operand begins in the middle of a vector, and offloading works on copies.
    """
    for module in modules_of(pipeline):
        for tensor in (*module.parameters(), *module.buffers()):
            if tensor.device.type == "cpu" and tensor.data_ptr() % VECTOR_BYTES:
                tensor.data = tensor.data.clone()


class ShortMemory:
    """Raises at one place, after the work there was done, while it does not fit.

    Args:
        monkeypatch: undoes it.
        owner: whose method is the place, such as the class of a transformer.
        name: of the method.
        pipeline: asked for the pipeline at the place; others with parts of the same class are left alone.
        enough: given how the pipeline lies, whether it fits now; without it, the second time does.
    """

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, pipeline: Callable[[], Any], enough: str | None = None
    ) -> None:
        self.tries: list[str] = []
        real = getattr(owner, name)

        @functools.wraps(real)
        def short(*args: Any, **kwargs: Any) -> Any:
            result = real(*args, **kwargs)
            if not _is_of(args[0], pipeline()):
                return result
            self.tries.append(lie_of(pipeline()))
            fits = len(self.tries) > 1 if enough is None else enough in self.tries[-1]
            if not fits:
                raise torch.OutOfMemoryError(MESSAGE)
            return result

        monkeypatch.setattr(owner, name, short)

    @property
    def seen(self) -> tuple[str, ...]:
        """How the pipeline lay when the place was reached, each way once, in order."""
        return tuple(dict.fromkeys(self.tries))


def _is_of(part: torch.nn.Module, pipeline: Any) -> bool:
    components = (component for component in pipeline.components.values() if isinstance(component, torch.nn.Module))
    return any(part is module for component in components for module in component.modules())


def lie_of(pipeline: Any) -> str:
    """Say how a pipeline really lies, by what diffusers and accelerate left on it."""
    words = ["vae_tiling"] if pipeline.vae.use_tiling else []
    modules = [module for module in pipeline.transformer.modules() if hasattr(module, "_hf_hook")]
    if len(modules) > 1:
        words.append("sequential_offload")
    elif modules:
        words.append("model_offload")
    return " ".join(words) or "as placed"
