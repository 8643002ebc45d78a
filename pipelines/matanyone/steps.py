"""What happens to one frame, and what the network carries to the next.

Source: MatAnyone (arXiv 2501.14677). A frame is predicted, and then remembered; the two are apart so that the last frame of a clip
need not be remembered.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from pipelines.matanyone.memory_ring import MemoryRing
from pipelines.matanyone.network import ImageFeatures, MatAnyoneNetwork
from pipelines.matanyone.sizes import MEMORISE_EVERY, STRIDE, SUMMARIES, WIDTH


@dataclass(slots=True)
class MattingState:
    """All that later frames need of earlier ones; its size does not depend on the clip's length.

    Attributes:
        sensory: (B, 256, h, w) float32.
        value: the last frame's mask value, (B, 256, h, w).
        pix_feat: the last frame's features, (B, 256, h, w).
        alpha16: the last frame's alpha averaged to stride 16, (B, 1, h, w) float32.
        objects: object summaries of all memorised frames, summed: (B, 16, 257) float32.
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
    """Return the state in which a given alpha (B, 1, H, W) float32 in [0, 1] of the first frame puts the network."""
    targets, (height, width) = alpha.shape[0], features.key.shape[-2:]
    empty = features.pix_feat.new_zeros(targets, WIDTH, height, width)
    state = MattingState(
        sensory=empty.float(),
        value=empty,
        pix_feat=features.pix_feat,
        alpha16=_at_stride_16(alpha),
        objects=alpha.new_zeros(targets, SUMMARIES, WIDTH + 1, dtype=torch.float32),
        memory=MemoryRing(targets, height * width, device=alpha.device, dtype=features.pix_feat.dtype),
    )
    remember_first(network, state, features, alpha)
    return state


def predict_first(network: MatAnyoneNetwork, state: MattingState, features: ImageFeatures) -> Tensor:
    """Return the alpha (B, 1, H, W) float32 of the first frame once more: its readout is its own last value."""
    return _decode(network, state, features, state.value)


def predict(network: MatAnyoneNetwork, state: MattingState, features: ImageFeatures) -> Tensor:
    """Return the alpha (B, 1, H, W) float32 of the frame after the one that was remembered last."""
    read = state.memory.read(features.key, features.selection)
    readout = network.temp_sparity((state.pix_feat, features.pix_feat), state.alpha16, read, state.value)
    return _decode(network, state, features, readout)


def remember_first(network: MatAnyoneNetwork, state: MattingState, features: ImageFeatures, alpha: Tensor) -> None:
    """Make this alpha of the first frame all that is in memory; the sensory state goes on."""
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


def _decode(network: MatAnyoneNetwork, state: MattingState, features: ImageFeatures, readout: Tensor) -> Tensor:
    fused = network.pixel_fuser(features.pix_feat, readout, state.sensory, state.alpha16)
    p16 = network.object_transformer(fused, state.objects)
    alpha: Tensor
    alpha, state.sensory = network.mask_decoder(features.pyramid, p16, state.sensory)
    return alpha


def _take_in(network: MatAnyoneNetwork, state: MattingState, features: ImageFeatures, alpha: Tensor) -> None:
    state.value = network.mask_encoder(features.pyramid.f1, features.pix_feat, alpha)
    state.alpha16 = _at_stride_16(alpha)
    state.pix_feat = features.pix_feat


def _memorise(network: MatAnyoneNetwork, state: MattingState, features: ImageFeatures) -> None:
    state.sensory = network.mask_encoder.sensory_update(state.value, state.sensory)
    state.objects += network.object_summarizer(state.value, state.alpha16)
    state.memory.put(features.key, network.key_proj.shrinkage(features.key_features), state.value)


def _at_stride_16(alpha: Tensor) -> Tensor:
    return functional.avg_pool2d(alpha.float(), STRIDE)
