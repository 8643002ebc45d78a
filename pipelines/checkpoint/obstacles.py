"""Why a run cannot be resumed exactly, as far as it shows before the first step."""

from __future__ import annotations

from typing import Any

import torch

from config.catalogue import ModelEntry
from pipelines.checkpoint.calls import DENOISER


def obstacle(entry: ModelEntry, pipeline: Any) -> str | None:
    """Return the reason in words, or none.

    Step caches and guidance objects keep tensors of their own from step to step, in places that no checkpoint knows.
    """
    if not entry.card.step_resume:
        return f"{entry.name} is not known to resume exactly (step_resume in its catalogue file)"
    for name, component in pipeline.components.items():
        if "guider" in name:
            return f"{type(component).__name__} guides it, which keeps a state of its own"
        if DENOISER.fullmatch(name) and isinstance(component, torch.nn.Module) and (cache := _step_cache(component)):
            return f"its {name} caches between steps ({cache})"
    return None


def _step_cache(module: torch.nn.Module) -> str | None:
    config = getattr(module, "_cache_config", None)
    if config is not None:
        return type(config).__name__
    for part in module.modules():
        registry = getattr(part, "_diffusers_hook", None)
        for hook in registry.hooks.values() if registry is not None else ():
            if hook._is_stateful:  # noqa: SLF001 - diffusers' only mark of hooks that remember
                return type(hook).__name__
    return None
