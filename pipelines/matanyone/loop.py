"""A clip through the network, from an iterator of frames to an iterator of alphas."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

import numpy as np
import numpy.typing as npt
import torch

from pipelines.matanyone.clip import MatAnyoneClip
from pipelines.matanyone.frames import Picture
from pipelines.matanyone.network import MatAnyoneNetwork
from pipelines.matanyone.precision import Precision
from pipelines.matanyone.prediction import Prediction
from reelfleet.contract.errors import InputUnreadable, InvalidConfig

WARM_UP = 10
"""Times that the first frame is refined before the clip goes on, as the paper's results were made."""
BATCH, CPU_BATCH = 4, 1
"""Frames that are encoded together by default; on one thread of a CPU nothing is gained by it."""


def matte_frames(
    network: MatAnyoneNetwork,
    frames: Iterable[Picture],
    mask: Picture,
    *,
    warmup: int = WARM_UP,
    precision: Precision = "parity",
    batch: int | None = None,
) -> Iterator[npt.NDArray[np.float32]]:
    """Yield the alpha of each frame, float32 (H, W) in [0, 1], in order; memory does not grow with the clip.

    Args:
        network: from :func:`pipelines.matanyone.load_network`.
        frames: all of one size, each float32 (3, H, W) in [0, 1] or uint8 (H, W, 3); ``batch`` of them are taken when the next alpha is asked for.
        mask: of the first frame, (H, W), 0 (background) to 255 (subject); used as it is.
        warmup: how many more times the first frame is predicted.
        precision: ``"parity"`` is float32; ``"fast"`` computes in half precision with the sensitive parts in float32.
        batch: how many frames are encoded together, by default 1 on a CPU and 4 elsewhere.

    Raises:
        InvalidConfig: at once, for a negative ``warmup``, a ``batch`` below 1, or a ``precision`` that these weights cannot keep.
        InputUnreadable: on the way, for no frames, a frame of another form or size than the first, or a mask of another size.
    """
    group = checked_batch(batch, network.device)
    clip = MatAnyoneClip(network, Prediction(network), warmup=warmup, precision=precision)
    return _alphas(clip, iter(frames), mask, group)


def checked_batch(batch: int | None, device: torch.device) -> int:
    """Return how many frames are encoded together.

    Raises:
        InvalidConfig: ``batch`` is below 1.
    """
    if batch is not None and batch < 1:
        raise InvalidConfig(f"batch is {batch}; it must be 1 or more")
    return batch or (CPU_BATCH if device.type == "cpu" else BATCH)


def _alphas(clip: MatAnyoneClip, frames: Iterator[Picture], mask: Picture, batch: int) -> Iterator[npt.NDArray[np.float32]]:
    first = next(frames, None)
    if first is None:
        raise InputUnreadable("there are no frames to matte; check the source and its range")
    yield clip.begin(first, mask[None])[0]
    while group := list(islice(frames, batch)):
        for alphas in clip.advance(group):
            yield alphas[0]
