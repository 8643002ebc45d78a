"""The alphas of a frame that follows another: the part of a clip that is repeated, in a form that can be compiled."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from pipelines.matanyone.layout import channels_last
from pipelines.matanyone.memory_read import read_memory
from pipelines.matanyone.network import ImageFeatures, MatAnyoneNetwork
from pipelines.matanyone.steps import MattingState, decode
from pipelines.matanyone.targets import for_targets

Memory = tuple[Tensor, Tensor, Tensor | None]
"""Keys, values, and what keeps tokens from being read, as :func:`pipelines.matanyone.memory_read.read_memory` takes them."""


class Carried(NamedTuple):
    """What a frame leaves to the next one for each of K targets, as :class:`pipelines.matanyone.steps.MattingState` has it."""

    sensory: Tensor
    value: Tensor
    alpha16: Tensor
    objects: Tensor


Step = Callable[[ImageFeatures, Tensor, Memory, Carried], tuple[Tensor, Tensor]]
"""From features, the last frame's features, memory and carried state to alphas and the next sensory state."""
Compiler = Callable[[Step], Step]


def compiler() -> Compiler:
    """Return what makes kernels of :class:`Prediction`; shapes never change, so nothing is compiled twice for a size of frames."""
    return lambda step: torch.compile(step, dynamic=False, fullgraph=True)


class Prediction:
    """Predicts one frame from the state that the frames before it left.

    Without a compiler only filled slots of the memory are read. With one, all five are, those without a frame at minus infinity, so that shapes
    stay the same from the first frame on; alphas then differ by rounding.
    """

    def __init__(self, network: MatAnyoneNetwork, compile_step: Compiler | None = None) -> None:
        self._network = network
        self._static = compile_step is not None
        self._step = self._forward if compile_step is None else compile_step(self._forward)

    def __call__(self, state: MattingState, features: ImageFeatures) -> Tensor:
        """Return the alphas (K, 1, H, W) float32 of the frame after the one that was remembered last; the sensory state goes on."""
        memory: Memory = state.memory.whole() if self._static else state.memory.held()
        carried = Carried(state.sensory, state.value, state.alpha16, state.objects)
        alpha, sensory = self._step(features, state.pix_feat, memory, carried)
        state.sensory = channels_last(sensory)
        return alpha

    def _forward(self, features: ImageFeatures, pix_feat: Tensor, memory: Memory, carried: Carried) -> tuple[Tensor, Tensor]:
        keys, values, absent = memory
        read = read_memory(keys, values, features.key, features.selection, absent=absent)
        alpha, sensory = for_targets(partial(self._of_targets, features, pix_feat), read, *carried)
        return alpha, sensory

    def _of_targets(self, features: ImageFeatures, pix_feat: Tensor, read: Tensor, *tensors: Tensor) -> tuple[Tensor, Tensor]:
        carried = Carried(*tensors)
        readout = self._network.temp_sparity((pix_feat, features.pix_feat), carried.alpha16, read, carried.value)
        return decode(self._network, features, readout, carried.sensory, carried.alpha16, carried.objects)
