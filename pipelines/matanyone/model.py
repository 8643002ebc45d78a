"""MatAnyone as a backend of matting jobs: loaded once, run with many clips."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from pipelines.matanyone.clip import MatAnyoneClip
from pipelines.matanyone.loop import checked_batch
from pipelines.matanyone.network import MatAnyoneNetwork
from pipelines.matanyone.precision import Precision
from pipelines.matanyone.prediction import Compiler, Prediction, compiler
from pipelines.matanyone.weights import load_network


@dataclass(frozen=True)
class MatAnyoneModel:
    """A :class:`pipelines.matting.backend.MattingModel`; made by :func:`load_matanyone`.

    Attributes:
        network: the weights.
        batch: how many frames are encoded together.
        compile_step: what makes kernels of a frame's prediction; none: it is run as it is.
    """

    network: MatAnyoneNetwork
    batch: int
    compile_step: Compiler | None = None

    def modules(self) -> Iterable[torch.nn.Module]:
        """Return what holds the weights."""
        return (self.network,)

    def start(self, *, warmup: int, precision: Precision) -> MatAnyoneClip:
        """Return a run that has not begun.

        Args:
            warmup: how many more times the first frame is predicted.
            precision: ``"parity"`` is float32, ``"fast"`` half precision with the sensitive parts in float32.

        Raises:
            InvalidConfig: a negative ``warmup``, or weights that cannot keep this precision.
        """
        return MatAnyoneClip(self.network, self._prediction(), warmup=warmup, precision=precision)

    def resume(self, state: Mapping[str, Tensor], *, warmup: int, precision: Precision) -> MatAnyoneClip:
        """Return a run as it was when ``state`` was taken; on the same kind of device it gives the same bits as if it had never stopped.

        Raises:
            CheckpointRefused: the state is of another backend, size, precision or dtype, or damaged; the text says which.
            InvalidConfig: as :meth:`start`.
        """
        return MatAnyoneClip(self.network, self._prediction(), warmup=warmup, precision=precision, state=state)

    def fingerprint(self) -> dict[str, str]:
        """Return, by name, what shapes the alphas' last bits besides spec, weights, device and library versions."""
        return {"dtype": str(self.network.dtype), "batch": str(self.batch), "compiled": str(self.compile_step is not None)}

    def _prediction(self) -> Prediction:
        return Prediction(self.network, self.compile_step)


def load_matanyone(
    source: str | Path | Mapping[str, Tensor],
    *,
    device: str | torch.device = "cpu",
    batch: int | None = None,
    compiled: bool = False,
) -> MatAnyoneModel:
    """Return MatAnyone or MatAnyone 2 with these weights as a matting backend.

    Args:
        source: as :func:`pipelines.matanyone.load_network` takes it.
        device: where it computes.
        batch: how many frames are encoded together, by default 1 on a CPU and 4 elsewhere.
        compiled: whether a frame's prediction is compiled; the first frames of a size take a minute or more then.

    Raises:
        InputMissing: there is no such file.
        ModelLoadFailed: it does not hold this network's weights.
        InvalidConfig: a ``batch`` below 1.
    """
    group = checked_batch(batch, torch.device(device))
    network = load_network(source, device=device)
    return MatAnyoneModel(network, group, compiler() if compiled else None)
