"""What a checkpoint of the network's state weighs and takes; the state is made of noise, for only its shape matters."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from benchmarks.figures import Figure
from benchmarks.surroundings import tell

HEIGHT, WIDTH = 1080, 1920
TIMES = 5
MEGA = 1e6


def state_at_1080p(folder: Path) -> Iterator[Figure]:
    """Yield the bytes of a full state of one target at 1080p, and the time to copy it and to write it as safetensors."""
    import torch  # noqa: PLC0415 - torch is imported when it is needed, not before
    from safetensors.torch import save_file  # noqa: PLC0415 - as above

    from pipelines.matanyone.memory_ring import MemoryRing  # noqa: PLC0415 - as above
    from pipelines.matanyone.saved_state import pack_state  # noqa: PLC0415 - as above
    from pipelines.matanyone.steps import MattingState  # noqa: PLC0415 - as above

    tell("matting: the state at 1080p")
    grid = (-(-HEIGHT // 16), -(-WIDTH // 16))
    memory = MemoryRing(1, grid[0] * grid[1], device=torch.device("cpu"), dtype=torch.float32)
    for _ in range(5):
        memory.put(torch.randn(1, 64, *grid), torch.rand(1, 1, *grid) + 1, torch.randn(1, 256, *grid))
    sensory, value, pix_feat = (torch.randn(1, 256, *grid).contiguous(memory_format=torch.channels_last) for _ in range(3))
    state = MattingState(sensory, value, pix_feat, torch.rand(1, 1, *grid), torch.rand(1, 16, 257), memory, time=20)
    seconds = []
    for _ in range(TIMES):
        began = time.perf_counter()
        tensors = pack_state(state, (HEIGHT, WIDTH))
        copied = time.perf_counter()
        save_file(tensors, folder / "matting-state.safetensors")
        seconds.append((copied - began, time.perf_counter() - began))
    size = sum(tensor.nbytes for tensor in tensors.values()) / MEGA
    yield Figure("matting_state_mb", "matting: state of one target at 1080p", size, "MB", detail="full memory, float32")
    detail = f"{median(s[0] for s in seconds):.2f} s of it to copy; {TIMES} times, slowest {max(s[1] for s in seconds):.2f} s"
    yield Figure("matting_state_s", "matting: copying that state and writing its file", median(s[1] for s in seconds), "s", detail=detail)
