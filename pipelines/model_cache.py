"""Warm models, bounded by the memory that their weights hold."""

from __future__ import annotations

import gc
import logging
from collections.abc import Iterable
from typing import Protocol

import torch

logger = logging.getLogger(__name__)


class WarmModel(Protocol):
    """Loaded weights of any kind."""

    @property
    def bytes(self) -> int:
        """What the weights hold."""

    def modules(self) -> Iterable[torch.nn.Module]:
        """Return what holds the weights."""


class ModelCache:
    """Keeps loaded models; the least recently used go first when the bound is passed.

    A single model larger than the bound is kept alone. Not for several threads: the engine takes one job at a time.

    Args:
        bound_bytes: what the weights of all models may hold together.
    """

    def __init__(self, bound_bytes: int) -> None:
        self._bound = bound_bytes
        self._models: dict[str, WarmModel] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """The models that are warm, the most recently used last."""
        return tuple(self._models)

    @property
    def held_bytes(self) -> int:
        """What the weights of all warm models hold."""
        return sum(model.bytes for model in self._models.values())

    def all(self) -> tuple[WarmModel, ...]:
        """Return the warm models without marking them used, the most recently used last."""
        return tuple(self._models.values())

    def get(self, name: str) -> WarmModel | None:
        """Return a warm model and mark it used."""
        model = self._models.pop(name, None)
        if model is not None:
            self._models[name] = model
        return model

    def make_room(self, wanted_bytes: int) -> None:
        """Let models go until ``wanted_bytes`` more fit the bound, or none is left."""
        self._let_go(self._bound - wanted_bytes, keep=None)

    def leave_to(self, name: str, needed_bytes: int, device_bytes: int) -> None:
        """Let other models go until what one needs while it generates fits the device beside them."""
        own = self._models[name].bytes if name in self._models else 0
        self._let_go(device_bytes - needed_bytes + own, keep=name)

    def add(self, name: str, model: WarmModel) -> None:
        """Keep a model that was loaded, and hold the bound by what it really holds."""
        self.make_room(model.bytes)
        self._models[name] = model

    def drop(self, *names: str) -> None:
        """Let models go, and their memory with them; unknown names do nothing."""
        gone = [name for name in names if self._models.pop(name, None) is not None]
        if gone:
            logger.info("unloaded %s", ", ".join(gone))
            release_memory()

    def free(self, keep: str | None) -> None:
        """Let all models go but one, and give back whatever else nobody refers to."""
        self.drop(*(name for name in self.names if name != keep))
        release_memory()

    def _let_go(self, allowed_bytes: int, keep: str | None) -> None:
        """Drop the least recently used, but not ``keep``, until the others hold no more than is allowed."""
        held, going = self.held_bytes, []
        for name, model in self._models.items():
            if held > allowed_bytes and name != keep:
                held -= model.bytes
                going.append(name)
        self.drop(*going)


def release_memory() -> None:
    """Give back what nothing refers to: pipelines are full of reference cycles."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
