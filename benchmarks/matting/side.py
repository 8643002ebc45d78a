"""One side of a comparison in a process of its own: ``python -m benchmarks.matting.side JSON`` prints what it measured as JSON.

Whose memory is measured must not have run anything else before.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.matting import moving_disc

KIB = 1024


@dataclass(frozen=True)
class Task:
    """What a process is to do.

    Attributes:
        side: ``"ours"`` or ``"baseline"``.
        weights: the file.
        height, width: of the frames, multiples of 16.
        frames: of the clip.
        warmup: how many more times the first frame is predicted.
        alphas: where the alphas are put as ``.npy``, (frames, height, width) float32; nowhere by default.
        batch: frames that our side encodes together.
    """

    side: str
    weights: str
    height: int
    width: int
    frames: int
    warmup: int = 2
    alphas: str | None = None
    batch: int = 1


@dataclass(frozen=True)
class Taken:
    """What a process took; drawing the frames is left out of all times.

    Attributes:
        first_s: for the first frame with its warm-up, loading included.
        others_s: for the other frames.
        others_cpu_s: processor time of that; on a busy machine it says more than the clock.
        peak_bytes: the largest resident memory.
    """

    first_s: float
    others_s: float
    others_cpu_s: float
    peak_bytes: int


def run(task: Task, environment: dict[str, str]) -> Taken:
    """Run a task in a fresh process."""
    command = [sys.executable, "-m", "benchmarks.matting.side", json.dumps(asdict(task))]
    done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return Taken(**json.loads(done.stdout))


def peak_bytes() -> int:
    """Return the largest memory that this process ever had resident."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * KIB


class Drawing:
    """Draws the frames one by one and knows what that took, by the clock and of the processor."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self.spent = np.zeros(2)

    def frames(self) -> Iterator[moving_disc.Picture]:
        """Yield uint8 (height, width, 3)."""
        for t in range(self._task.frames):
            began = now()
            picture = moving_disc.frame(t, self._task.height, self._task.width)
            self.spent += now() - began
            yield picture


def now() -> npt.NDArray[np.float64]:
    """Return seconds of the clock and of this process."""
    return np.array([time.perf_counter(), time.process_time()])


def _alphas(task: Task, frames: Iterator[moving_disc.Picture]) -> Iterator[npt.NDArray[np.float32]]:
    import torch  # noqa: PLC0415 - the parent needs no torch

    torch.set_num_threads(1)
    mask = moving_disc.mask(task.height, task.width)
    if task.side == "ours":
        from pipelines.matanyone import load_network, matte_frames  # noqa: PLC0415 - as above

        yield from matte_frames(load_network(task.weights), frames, mask, warmup=task.warmup, batch=task.batch)
    else:
        from safetensors.torch import load_file  # noqa: PLC0415 - as above

        from benchmarks.matting.baseline import Baseline  # noqa: PLC0415 - as above

        pictures = (torch.from_numpy(frame).permute(2, 0, 1).contiguous().float() / 255 for frame in frames)
        baseline = Baseline(load_file(task.weights))
        yield from (alpha.numpy() for alpha in baseline.matte(pictures, torch.from_numpy(mask).float() / 255, warmup=task.warmup))


def main() -> None:
    """Do the task that the command line holds."""
    task = Task(**json.loads(sys.argv[1]))
    drawing, kept, marks = Drawing(task), [], [now()]
    for alpha in _alphas(task, drawing.frames()):
        marks.append(now() - drawing.spent)
        if task.alphas is not None:
            kept.append(alpha)
    others = marks[-1] - marks[1]
    taken = Taken(float(marks[1][0] - marks[0][0]), float(others[0]), float(others[1]), peak_bytes())
    if task.alphas is not None:
        np.save(Path(task.alphas), np.stack(kept))
    print(json.dumps(asdict(taken)))


if __name__ == "__main__":
    main()
