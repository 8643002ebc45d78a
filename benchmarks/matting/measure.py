"""All figures of matting, in one run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figures import Figure
from benchmarks.matting.accelerator import accelerator
from benchmarks.matting.precision import fast_error
from benchmarks.matting.reading import TOKENS, fits, matrix_bytes, read
from benchmarks.matting.speed import agreement, batching, memory_over_length, speed
from benchmarks.matting.states import state_at_1080p
from benchmarks.surroundings import ONE_THREAD, Surroundings, tell
from pipelines.matanyone import write_random_weights

GIB = 1024**3
WEIGHTS = "matting-weights.safetensors"


def measure_matting(around: Surroundings, *, quick: bool = False) -> list[Figure]:
    """Measure with random weights of the whole network; nothing of it needs the fleet, which is idle meanwhile."""
    return matting_figures(around.folder, quick=quick)


def matting_figures(folder: Path, *, quick: bool) -> list[Figure]:
    """Measure, with weights and alphas in ``folder``."""
    import torch  # noqa: PLC0415 - the weights are float32, so that both sides start from the same numbers

    weights = write_random_weights(folder / WEIGHTS, dtype=torch.float32)
    environment = {**os.environ, **ONE_THREAD}
    pairs, frames = (1, 4) if quick else (3, 31)
    figures = list(speed(weights, environment, pairs=pairs, frames=frames))
    figures.append(agreement(weights, environment, frames=8 if quick else 32))
    figures.append(batching(weights, environment, pairs=pairs, frames=5 if quick else 17))
    figures.append(memory_over_length(weights, environment, short=10 if quick else 50, long=20 if quick else 500))
    figures += _reads(environment, quick=quick)
    figures += fast_error(weights, frames=4 if quick else 16)
    figures += state_at_1080p(folder)
    figures += accelerator(weights, frames=5 if quick else 25)
    return figures


def _reads(environment: dict[str, str], *, quick: bool) -> Iterator[Figure]:
    for name, tokens in ({"small": 1024} if quick else TOKENS).items():
        tell(f"matting: the memory read at {name}")
        tiled = read("tiled", tokens, environment)
        key, what = f"matting_read_{name}", f"matting: memory read at {name} ({tokens} tokens, 5 in memory for each)"
        if fits(tokens):
            dense = read("dense", tokens, environment)
            detail = f"all pairs {dense.seconds:.1f} s and {dense.bytes / GIB:.2f} GiB, tiles {tiled.seconds:.2f} s and {tiled.bytes / GIB:.3f} GiB"
            yield Figure(key, f"{what}: all pairs over tiles, time", dense.seconds / tiled.seconds, "x", detail=detail)
            yield Figure(f"{key}_bytes", f"{what}: all pairs over tiles, bytes", dense.bytes / max(1, tiled.bytes), "x")
        else:
            detail = (
                f"tiles {tiled.bytes / GIB:.3f} GiB; all pairs was not run: one matrix of them takes {matrix_bytes(tokens) / GIB:.1f} GiB"
            )
            yield Figure(key, f"{what}: tiles", tiled.seconds, "s", detail=detail)
