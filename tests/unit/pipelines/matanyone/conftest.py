"""The network with made weights, and what it answers to the long clip: both are made once."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from pipelines.matanyone import MatAnyoneNetwork, load_network, matte_frames
from tests.unit.pipelines.matanyone import clips


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def weights() -> dict[str, torch.Tensor]:
    return clips.made_weights()


@pytest.fixture(scope="session")
def network(weights: dict[str, torch.Tensor]) -> MatAnyoneNetwork:
    return load_network(weights, device="cpu", dtype=torch.float32)


@pytest.fixture(scope="session")
def long_clip_alphas(network: MatAnyoneNetwork) -> np.ndarray:
    frames = (clips.frame(t) for t in range(clips.FRAMES))
    return np.stack(list(matte_frames(network, frames, clips.mask(), warmup=clips.WARM_UP)))
