"""Shapes that never change, for whoever compiles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from pipelines.matanyone import MatAnyoneModel, MatAnyoneNetwork
from pipelines.matanyone.memory_ring import MemoryRing
from tests.unit.pipelines.matanyone import clips

HEIGHT, WIDTH, FRAMES = 36, 44, 27


def matted(model: MatAnyoneModel) -> np.ndarray:
    clip = model.start(warmup=0, precision="parity")
    first = clip.begin(clips.frame(0, HEIGHT, WIDTH), clips.mask(HEIGHT, WIDTH)[None])
    return np.stack([first, *(clip.advance([clips.frame(t, HEIGHT, WIDTH)])[0] for t in range(1, FRAMES))])


def test_reading_all_slots_gives_the_alphas_that_reading_the_filled_ones_gives(network: MatAnyoneNetwork):
    # Given a compiler that leaves the step as it is
    static = MatAnyoneModel(network, batch=1, compile_step=lambda step: step)

    alphas = matted(static)

    # Then a memory that fills and gives up its oldest frames makes no difference
    assert np.abs(alphas - matted(MatAnyoneModel(network, batch=1))).max() <= 1e-5


def test_shapes_are_the_same_for_every_frame(network: MatAnyoneNetwork):
    shapes = set()

    def watched(step: Callable[..., Any]) -> Callable[..., Any]:
        def call(features: Any, pix_feat: torch.Tensor, memory: Any, carried: Any) -> Any:
            tensors = (*features.pyramid, *features[1:], pix_feat, *memory, *carried)
            shapes.add(tuple((tensor.shape, tensor.stride()) for tensor in tensors))
            return step(features, pix_feat, memory, carried)

        return call

    matted(MatAnyoneModel(network, batch=1, compile_step=watched))

    assert len(shapes) == 1


def test_a_frame_is_traced_as_one_graph_and_only_once(network: MatAnyoneNetwork):
    # Given a compiler that traces as the real one does and compiles nothing
    graphs = []

    def backend(graph: torch.fx.GraphModule, _: list[torch.Tensor]) -> Callable[..., Any]:
        graphs.append(graph)
        return graph.forward

    traced = MatAnyoneModel(network, 1, lambda step: torch.compile(step, backend=backend, dynamic=False, fullgraph=True))
    clip = traced.start(warmup=0, precision="parity")
    clip.begin(clips.frame(0, HEIGHT, WIDTH), clips.mask(HEIGHT, WIDTH)[None])

    # When the memory fills and gives up its oldest frame
    alphas = [clip.advance([clips.frame(t, HEIGHT, WIDTH)])[0] for t in range(1, FRAMES)]

    assert len(alphas) == FRAMES - 1
    assert len(graphs) == 1


def test_slots_without_a_frame_are_kept_from_being_read():
    ring = MemoryRing(1, 4, device=torch.device("cpu"), dtype=torch.float32)
    ring.put(torch.zeros(1, 64, 2, 2), torch.ones(1, 1, 2, 2), torch.zeros(1, 256, 2, 2))

    *_, absent = ring.whole()

    assert absent.isneginf().tolist() == [False] * 4 + [True] * 16
