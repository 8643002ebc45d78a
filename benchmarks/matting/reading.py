"""The memory read alone, all pairs at once against tiles: ``python -m benchmarks.matting.reading HOW TOKENS`` prints seconds and bytes.

The frame has TOKENS tokens, the memory five times as many. Bytes are what the process grew by at most during the read.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import asdict, dataclass

import psutil

from benchmarks.matting.side import peak_bytes

MEMORY_FRAMES = 5
TOKENS = {"1080p": 120 * 68, "4K": 240 * 135}
DENSE_MATRICES = 4
"""Matrices of all pairs that the plain read holds at its largest; what it grew by at 1080p was four of them."""
MARGIN = 1.5


@dataclass(frozen=True)
class Read:
    """What one read took."""

    seconds: float
    bytes: int


def read(how: str, tokens: int, environment: dict[str, str]) -> Read:
    """Read in a fresh process; ``how`` is ``"dense"`` or ``"tiled"``."""
    command = [sys.executable, "-m", "benchmarks.matting.reading", how, str(tokens)]
    done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return Read(**json.loads(done.stdout))


def matrix_bytes(tokens: int) -> int:
    """Return what one float32 matrix of all pairs takes."""
    return MEMORY_FRAMES * tokens * tokens * 4


def fits(tokens: int) -> bool:
    """Return whether this machine has the memory for the plain read."""
    return MARGIN * DENSE_MATRICES * matrix_bytes(tokens) < psutil.virtual_memory().available


def main() -> None:
    """Read once and print what it took."""
    import torch  # noqa: PLC0415 - the parent needs no torch

    from benchmarks.matting.baseline import dense_read  # noqa: PLC0415 - as above
    from pipelines.matanyone.memory_read import key_operand, read_memory  # noqa: PLC0415 - as above

    torch.set_num_threads(1)
    how, tokens = sys.argv[1], int(sys.argv[2])
    generator = torch.Generator().manual_seed(1)
    memory = MEMORY_FRAMES * tokens
    keys, values = torch.randn(memory, 64, generator=generator), torch.randn(memory, 256, generator=generator)
    shrinkages = 1 + torch.rand(memory, 1, generator=generator)
    key, selection = torch.randn(64, tokens, generator=generator), torch.rand(64, tokens, generator=generator)
    operands = key_operand(keys, shrinkages)
    before, began = psutil.Process().memory_info().rss, time.perf_counter()
    with torch.inference_mode():
        if how == "dense":
            dense_read(keys.T, shrinkages.T, values.T, key, selection)
        else:
            read_memory(operands, values[None], key.view(1, 64, 1, tokens), selection.view(1, 64, 1, tokens))
    taken = Read(time.perf_counter() - began, max(0, peak_bytes() - before))
    print(json.dumps(asdict(taken)))


if __name__ == "__main__":
    main()
