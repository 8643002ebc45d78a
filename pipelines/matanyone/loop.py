"""A clip through the network, one frame at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt
from torch import Tensor

from pipelines.matanyone.frames import Picture, frame_tensor, mask_tensor
from pipelines.matanyone.network import ImageFeatures, MatAnyoneNetwork
from pipelines.matanyone.padding import Padding
from pipelines.matanyone.precision import Precision, check_precision, computing
from pipelines.matanyone.steps import MattingState, predict, predict_first, remember, remember_first, seed_state
from reelfleet.contract.errors import InputUnreadable, InvalidConfig

WARM_UP = 10
"""Times that the first frame is refined before the clip goes on, as the paper's results were made."""


def matte_frames(
    network: MatAnyoneNetwork, frames: Iterable[Picture], mask: Picture, *, warmup: int = WARM_UP, precision: Precision = "parity"
) -> Iterator[npt.NDArray[np.float32]]:
    """Yield the alpha of each frame, float32 (H, W) in [0, 1], in order; memory does not grow with the clip.

    Args:
        network: from :func:`pipelines.matanyone.load_network`.
        frames: all of one size, each float32 (3, H, W) in [0, 1] or uint8 (H, W, 3); taken one by one, when the next alpha is asked for.
        mask: of the first frame, (H, W), 0 (background) to 255 (subject); used as it is.
        warmup: how many more times the first frame is predicted.
        precision: ``"parity"`` is float32; ``"fast"`` computes in half precision with the sensitive parts in float32.

    Raises:
        InvalidConfig: at once, for a negative ``warmup`` or a ``precision`` that these weights cannot keep.
        InputUnreadable: on the way, for no frames, a frame of another form or size than the first, or a mask of another size.
    """
    if warmup < 0:
        raise InvalidConfig(f"warmup is {warmup}; it must be 0 or more")
    check_precision(network, precision)
    return _alphas(network, iter(frames), mask, warmup, precision)


def _alphas(
    network: MatAnyoneNetwork, frames: Iterator[Picture], mask: Picture, warmup: int, precision: Precision
) -> Iterator[npt.NDArray[np.float32]]:
    first = next(frames, None)
    if first is None:
        raise InputUnreadable("there are no frames to matte; check the source and its range")
    picture = frame_tensor(first, 0, network.device)
    size = (picture.shape[-2], picture.shape[-1])
    padding = Padding.of(*size)
    given = padding.add(mask_tensor(mask, size, network.device))
    with computing(network, precision):
        features = network.encode(padding.add(picture))
        state, alpha = _refine_first(network, features, given, warmup)
        result = _host(padding, alpha)
    yield result
    # A frame is remembered when the next one is there: the last frame's memory nobody would read.
    keep = remember_first
    for index, frame in enumerate(frames, start=1):
        picture = frame_tensor(frame, index, network.device)
        if picture.shape[-2:] != size:
            raise InputUnreadable(f"frame {index} is {tuple(picture.shape[-2:])} and the first one is {size} (height, width)")
        with computing(network, precision):
            keep(network, state, features, alpha)
            features = network.encode(padding.add(picture))
            alpha = predict(network, state, features)
            result = _host(padding, alpha)
        yield result
        keep = remember


def _refine_first(network: MatAnyoneNetwork, features: ImageFeatures, given: Tensor, warmup: int) -> tuple[MattingState, Tensor]:
    """Return state and alpha after the first frame was predicted ``warmup + 1`` times, each time from what came before."""
    state = seed_state(network, features, given)
    alpha = predict_first(network, state, features)
    for _ in range(warmup):
        remember_first(network, state, features, alpha)
        alpha = predict_first(network, state, features)
    return state, alpha


def _host(padding: Padding, alpha: Tensor) -> npt.NDArray[np.float32]:
    result: npt.NDArray[np.float32] = padding.remove(alpha)[0, 0].float().cpu().numpy().copy()
    return result
