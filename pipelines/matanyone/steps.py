"""What happens to one frame, and what the network carries to the next.

Source: MatAnyone (arXiv 2501.14677). A frame is predicted, and then remembered; the two are apart so that the last frame of a clip
need not be remembered. Features are of one image, states and alphas of K targets in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional

from pipelines.matanyone.layout import channels_last
from pipelines.matanyone.memory_ring import MemoryRing
from pipelines.matanyone.network import ImageFeatures, MatAnyoneNetwork
from pipelines.matanyone.sizes import MEMORISE_EVERY, STRIDE, SUMMARIES, WIDTH
from pipelines.matanyone.targets import for_targets


@dataclass(slots=True)
class MattingState:
    """All that later frames need of earlier ones; its size does not depend on the clip's length.

    Maps always lie in memory with their channels last: kernels may be chosen by it, and bits would depend on it.

    Attributes:
        sensory: (K, 256, h, w) float32.
        value: the last frame's mask values, (K, 256, h, w).
        pix_feat: the last frame's features, (1, 256, h, w).
        alpha16: the last frame's alphas averaged to stride 16, (K, 1, h, w) float32.
        objects: object summaries of all memorised frames, summed: (K, 16, 257) float32.
        memory: the memorised frames.
        time: frames since the first one; ``time`` 5, 10, ... are memorised.
    """

    sensory: Tensor
    value: Tensor
    pix_feat: Tensor
    alpha16: Tensor
    objects: Tensor
    memory: MemoryRing
    time: int = 0


def seed_state(network: MatAnyoneNetwork, features: ImageFeatures, alpha: Tensor) -> MattingState:
    """Return the state in which given alphas (K, 1, H, W) float32 in [0, 1] of the first frame put the network."""
    targets, (height, width) = alpha.shape[0], features.key.shape[-2:]
    empty = features.pix_feat.new_zeros(targets, WIDTH, height, width)
    state = MattingState(
        sensory=channels_last(empty.float()),
        value=channels_last(empty),
        pix_feat=channels_last(features.pix_feat),
        alpha16=_at_stride_16(alpha),
        objects=alpha.new_zeros(targets, SUMMARIES, WIDTH + 1, dtype=torch.float32),
        memory=MemoryRing(targets, height * width, device=alpha.device, dtype=features.pix_feat.dtype),
    )
    remember_first(network, state, features, alpha)
    return state


def predict_first(network: MatAnyoneNetwork, state: MattingState, features: ImageFeatures) -> Tensor:
    """Return the alphas (K, 1, H, W) float32 of the first frame once more: its readout is its own last value."""
    step = partial(decode, network, features)
    alpha, sensory = for_targets(step, state.value, state.sensory, state.alpha16, state.objects)
    state.sensory = channels_last(sensory)
    return alpha


def remember_first(network: MatAnyoneNetwork, state: MattingState, features: ImageFeatures, alpha: Tensor) -> None:
    """Make these alphas of the first frame all that is in memory; the sensory state goes on."""
    state.memory.clear()
    state.objects.zero_()
    state.time = 0
    _take_in(network, state, features, alpha)
    _memorise(network, state, features)


def remember(network: MatAnyoneNetwork, state: MattingState, features: ImageFeatures, alpha: Tensor) -> None:
    """Go on to the next frame; every fifth frame is memorised."""
    state.time += 1
    _take_in(network, state, features, alpha)
    if state.time % MEMORISE_EVERY == 0:
        _memorise(network, state, features)


def decode(
    network: MatAnyoneNetwork, features: ImageFeatures, readout: Tensor, sensory: Tensor, alpha16: Tensor, objects: Tensor
) -> tuple[Tensor, Tensor]:
    """Return the alphas (K, 1, H, W) float32 and the next sensory state from a readout (K, 256, h, w) and parts of the state."""
    fused = network.pixel_fuser(features.pix_feat, readout, sensory, alpha16)
    p16 = network.object_transformer(fused, objects)
    alpha, sensory = network.mask_decoder(features.pyramid, p16, sensory)
    return alpha, sensory


def _take_in(network: MatAnyoneNetwork, state: MattingState, features: ImageFeatures, alpha: Tensor) -> None:
    (value,) = for_targets(lambda of_target: (network.mask_encoder(features.pyramid.f1, features.pix_feat, of_target),), alpha)
    state.value = channels_last(value)
    state.alpha16 = _at_stride_16(alpha)
    state.pix_feat = channels_last(features.pix_feat)


def _memorise(network: MatAnyoneNetwork, state: MattingState, features: ImageFeatures) -> None:
    def step(value: Tensor, sensory: Tensor, alpha16: Tensor) -> tuple[Tensor, Tensor]:
        return network.mask_encoder.sensory_update(value, sensory), network.object_summarizer(value, alpha16)

    sensory, summaries = for_targets(step, state.value, state.sensory, state.alpha16)
    state.sensory = channels_last(sensory)
    state.objects += summaries
    state.memory.put(features.key, network.key_proj.shrinkage(features.key_features), state.value)


def _at_stride_16(alpha: Tensor) -> Tensor:
    return channels_last(functional.avg_pool2d(alpha.float(), STRIDE))
