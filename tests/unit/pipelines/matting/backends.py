"""A way of matting that is plain arithmetic with a memory, so that a test can tell which frame came after which."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import torch

from pipelines.checkpoint import CheckpointRefused


class AveragingRun:
    """Each alpha is half the one before it and half the frame's own brightness: it depends on all frames before, in their order."""

    def __init__(self, model: AveragingModel) -> None:
        self.model = model
        self.last: np.ndarray | None = None

    def begin(self, frame, masks):  # noqa: ARG002 - the interface's
        self.model.begun.append(masks.shape[0])
        self.last = (masks / 255).astype(np.float32)
        return self.last

    def advance(self, frames: Sequence[np.ndarray]):
        self.model.groups.append(len(frames))
        made = []
        for frame in frames:
            self.last = (self.last + frame.mean(axis=-1, dtype=np.float32)[None] / 255) / 2
            made.append(self.last * self.model.gain)
        return made

    def state(self) -> dict[str, torch.Tensor]:
        return {"last": torch.from_numpy(self.last.copy())}


class AveragingModel:
    """Notes what was asked of it."""

    def __init__(self, batch: int = 1, gain: float = 1.0) -> None:
        self.batch, self.gain = batch, gain
        self.begun: list[int] = []
        self.groups: list[int] = []

    def modules(self) -> Iterable[torch.nn.Module]:
        return ()

    def start(self, *, warmup, precision) -> AveragingRun:  # noqa: ARG002 - the interface's
        return AveragingRun(self)

    def resume(self, state: Mapping[str, torch.Tensor], *, warmup, precision) -> AveragingRun:  # noqa: ARG002 - the interface's
        if set(state) != {"last"}:
            raise CheckpointRefused("it holds another state")
        run = AveragingRun(self)
        run.last = state["last"].numpy().copy()
        return run

    def fingerprint(self) -> dict[str, str]:
        return {"backend": "averaging", "group": str(self.batch)}
