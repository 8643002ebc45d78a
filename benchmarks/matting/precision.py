"""What ``precision="fast"`` costs in exactness, on a CPU with random weights."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.figures import Figure
from benchmarks.matting import moving_disc
from benchmarks.surroundings import tell

HEIGHT, WIDTH = 96, 160


def fast_error(weights: Path, *, frames: int) -> Iterator[Figure]:
    """Yield the mean and the largest difference of alphas in half precision."""
    from pipelines.matanyone import load_network, matte_frames  # noqa: PLC0415 - torch is imported when it is needed, not before

    tell("matting: fast against parity")
    clip, mask = [moving_disc.frame(t, HEIGHT, WIDTH) for t in range(frames)], moving_disc.mask(HEIGHT, WIDTH)
    network = load_network(weights)
    exact = np.stack(list(matte_frames(network, clip, mask, warmup=2)))
    error = np.abs(np.stack(list(matte_frames(network, clip, mask, warmup=2, precision="fast"))) - exact)
    detail = f"bfloat16 on a CPU, {frames} frames of {WIDTH}x{HEIGHT}, random weights; largest {error.max():.3f}, first frame's mean {error[0].mean():.4f}"
    yield Figure("matting_fast_error", "matting: fast against parity, mean difference", float(error.mean()), "", detail=detail)
