"""Matting models and mask makers as they are kept warm, with what a report says of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import torch

from pipelines.placement import storages


class HoldsWeights(Protocol):
    """A model of any kind."""

    def modules(self) -> Iterable[torch.nn.Module]:
        """Return what holds the weights."""


W = TypeVar("W", bound=HoldsWeights)


@dataclass(frozen=True)
class Warm(Generic[W]):
    """Loaded weights."""

    model: W
    weights_sha256: dict[str, str]
    notes: tuple[str, ...]
    load_s: float

    @property
    def bytes(self) -> int:
        """What the weights hold, shared ones once."""
        return sum(storage.nbytes() for storage in storages(self.model.modules()))

    def modules(self) -> Iterable[torch.nn.Module]:
        """Return what holds the weights."""
        return self.model.modules()


def warmed(load: Callable[[], W], hashes: Callable[[], dict[str, str]], note: str | None) -> Warm[W]:
    """Load weights and hash their files."""
    began = time.perf_counter()
    weights = hashes()
    model = load()
    return Warm(model, weights, (note,) if note else (), time.perf_counter() - began)
