"""Matting models and mask makers as they are kept warm, with what a report says of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

import torch

from pipelines.model_cache import WarmModel

W = TypeVar("W", bound=WarmModel)


@dataclass(frozen=True)
class Warm(Generic[W]):
    """Loaded weights."""

    model: W
    weights_sha256: dict[str, str]
    notes: tuple[str, ...]
    load_s: float

    @property
    def bytes(self) -> int:
        """What the weights hold."""
        return self.model.bytes

    def modules(self) -> Iterable[torch.nn.Module]:
        """Return what holds the weights."""
        return self.model.modules()


def warmed(load: Callable[[], W], hashes: Callable[[], dict[str, str]], note: str | None) -> Warm[W]:
    """Load weights and hash their files."""
    began = time.perf_counter()
    weights = hashes()
    model = load()
    return Warm(model, weights, (note,) if note else (), time.perf_counter() - began)
