"""Matting on a GPU, where there is one: exact, fast and compiled, at 1080p and 4K."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure
from benchmarks.matting import moving_disc
from benchmarks.surroundings import tell

SIZES = {"1080p": (1080, 1920), "4K": (2160, 3840)}
WAYS = {"parity": ("parity", False), "fast": ("fast", False), "fast, compiled": ("fast", True)}
GIB = 1024**3


def accelerator(weights: Path, *, frames: int) -> Iterator[Figure]:
    """Yield frames per second and peak memory of each way at each size; nothing without CUDA."""
    import torch  # noqa: PLC0415 - torch is imported when it is needed, not before

    from pipelines.matanyone import load_matanyone  # noqa: PLC0415 - as above

    if not torch.cuda.is_available():
        tell("matting: no CUDA device here, so nothing is measured on one")
        return
    for way, (precision, compiled) in WAYS.items():
        model = load_matanyone(weights, device="cuda", compiled=compiled)
        for name, size in SIZES.items():
            tell(f"matting: {way} at {name} on {torch.cuda.get_device_name()}")
            rate, peak = _run(model, size, precision, frames)
            key = f"matting_cuda_{name}_{way}".replace(", ", "_")
            yield Figure(
                key, f"matting on {torch.cuda.get_device_name()}: {way} at {name}", rate, "fps", detail=f"peak {peak / GIB:.1f} GiB"
            )


def _run(model: Any, size: tuple[int, int], precision: str, frames: int) -> tuple[float, int]:
    """Return frames per second after the first groups, which compile and choose kernels, and the device's peak memory."""
    import torch  # noqa: PLC0415 - as above

    torch.cuda.reset_peak_memory_stats()
    groups = [[moving_disc.frame(t + i, *size) for i in range(model.batch)] for t in range(1, frames, model.batch)]
    clip = model.start(warmup=1, precision=precision)
    clip.begin(moving_disc.frame(0, *size), moving_disc.mask(*size)[None])
    for group in groups[:2]:
        clip.advance(group)
    began = time.perf_counter()
    for group in groups[2:] or groups:
        clip.advance(group)
    return model.batch * len(groups[2:] or groups) / (time.perf_counter() - began), torch.cuda.max_memory_allocated()
