"""One run through a clip, which can be stopped between any two frames and gone on with elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from pipelines.matanyone.frames import Picture, frame_tensor, mask_tensor
from pipelines.matanyone.network import ImageFeatures, MatAnyoneNetwork
from pipelines.matanyone.padding import Padding
from pipelines.matanyone.precision import Precision, check_precision, computing
from pipelines.matanyone.prediction import Prediction
from pipelines.matanyone.saved_state import pack_state, unpack_state
from pipelines.matanyone.steps import MattingState, predict_first, remember, remember_first, seed_state
from pipelines.matanyone.to_host import HostCopies
from reelfleet.contract.errors import InputUnreadable, InvalidConfig

Alphas = npt.NDArray[np.float32]


class MatAnyoneClip:
    """A :class:`pipelines.matting.backend.ClipMatting` of all targets at once: images are encoded once for all of them.

    A frame is remembered when the next one comes, or when the state is asked for: the last frame's memory nobody would read.
    """

    def __init__(
        self,
        network: MatAnyoneNetwork,
        predict: Prediction,
        *,
        warmup: int,
        precision: Precision,
        state: Mapping[str, Tensor] | None = None,
    ) -> None:
        """Prepare a run; with ``state``, one that goes on from there.

        Raises:
            InvalidConfig: a negative ``warmup``, or a ``precision`` that these weights cannot keep.
            CheckpointRefused: ``state`` was not taken of such a run.
        """
        if warmup < 0:
            raise InvalidConfig(f"warmup is {warmup}; it must be 0 or more")
        check_precision(network, precision)
        self._network, self._predict, self._warmup, self._precision = network, predict, warmup, precision
        self._size: tuple[int, int] | None = None
        self._state: MattingState | None = None
        self._pending: tuple[ImageFeatures, Tensor] | None = None
        self._seen = 0
        if state is not None:
            self._state, self._size, self._seen = unpack_state(state, network, precision)

    def begin(self, frame: Picture, masks: Picture) -> Alphas:
        """Return the first frame's alphas, float32 (K, H, W) in [0, 1].

        Args:
            frame: uint8 (H, W, 3), or float32 (3, H, W) in [0, 1].
            masks: (K, H, W), 0 (not the target) to 255 (the target), used as they are.

        Raises:
            InputUnreadable: a frame of another form, or masks of another size.
        """
        picture = frame_tensor(frame, 0, self._network.device)
        self._size = (picture.shape[-2], picture.shape[-1])
        padding = Padding.of(*self._size)
        given = padding.add(mask_tensor(masks, self._size, self._network.device))
        with computing(self._network, self._precision):
            features = self._network.encode(padding.add(picture))
            self._state = seed_state(self._network, features, given)
            alpha = predict_first(self._network, self._state, features)
            for _ in range(self._warmup):
                remember_first(self._network, self._state, features, alpha)
                alpha = predict_first(self._network, self._state, features)
            self._pending = (features, alpha)
            copies = HostCopies()
            copies.add(padding.remove(alpha))
        return copies.wait()[0]

    def advance(self, frames: Sequence[Picture]) -> list[Alphas]:
        """Return the alphas of the frames that follow, float32 (K, H, W) each; the frames are encoded together.

        Raises:
            InputUnreadable: a frame of another form or size than the first.
        """
        if self._state is None or self._size is None:
            raise RuntimeError("a clip begins with a frame and its masks; call begin first, or resume from a state")
        if not frames:
            return []
        padding = Padding.of(*self._size)
        pictures = torch.cat([self._checked(frame, offset) for offset, frame in enumerate(frames)])
        copies = HostCopies()
        with computing(self._network, self._precision):
            encoded = self._network.encode(padding.add(pictures))
            for index in range(len(frames)):
                self._remember(self._state)
                features = encoded.frame(index)
                alpha = self._predict(self._state, features)
                self._pending = (features, alpha)
                copies.add(padding.remove(alpha))
        return copies.wait()

    def state(self) -> dict[str, Tensor]:
        """Return copies on the host of all that later frames depend on, by name.

        About 78 MB for one target at 1080p in float32 with a full memory, and 67 MB for each further one.
        """
        if self._state is None or self._size is None:
            raise RuntimeError("a clip that has not begun has no state; call begin first")
        with computing(self._network, self._precision):
            self._remember(self._state)
        return pack_state(self._state, self._size)

    def _remember(self, state: MattingState) -> None:
        if self._pending is not None:
            keep = remember_first if self._seen == 0 else remember
            keep(self._network, state, *self._pending)
            self._pending = None
            self._seen += 1

    def _checked(self, frame: Picture, offset: int) -> Tensor:
        index = self._seen + (self._pending is not None) + offset
        picture = frame_tensor(frame, index, self._network.device)
        if picture.shape[-2:] != self._size:
            raise InputUnreadable(f"frame {index} is {tuple(picture.shape[-2:])} and the first one is {self._size} (height, width)")
        return picture
