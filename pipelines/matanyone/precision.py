"""How exactly the network computes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import torch

from pipelines.matanyone.network import MatAnyoneNetwork
from reelfleet.contract.errors import InvalidConfig

Precision = Literal["parity", "fast"]


def check_precision(network: MatAnyoneNetwork, precision: Precision) -> None:
    """Refuse what cannot be kept.

    Raises:
        InvalidConfig: parity was asked of weights that are not float32, or the precision is unknown.
    """
    if precision not in ("parity", "fast"):
        raise InvalidConfig(f"precision is {precision!r}; it must be 'parity' or 'fast'")
    if precision == "parity" and network.dtype != torch.float32:
        raise InvalidConfig(f"precision 'parity' needs weights in float32 and these are {network.dtype}; load them so, or ask for 'fast'")


def working_dtype(network: MatAnyoneNetwork, precision: Precision) -> torch.dtype:
    """Return what most of the network computes in: float32, or half precision (that of the weights; else float16 on CUDA, bfloat16 elsewhere)."""
    if precision == "parity":
        return torch.float32
    if network.dtype != torch.float32:
        return network.dtype
    return torch.float16 if network.device.type == "cuda" else torch.bfloat16


@contextmanager
def computing(network: MatAnyoneNetwork, precision: Precision) -> Iterator[None]:
    """Compute without gradients: in float32 without TF32, or under autocast; the same input gives the same bits.

    Sensory updates, object summaries, the alpha's last convolution and the memory's similarities are float32 in both.
    """
    strict = precision == "parity"
    with (
        torch.inference_mode(),
        torch.backends.cudnn.flags(enabled=True, deterministic=True, allow_tf32=not strict),
        torch.autocast(network.device.type, dtype=working_dtype(network, "fast"), enabled=not strict),
    ):
        yield
