"""Maps that are computed some rows at a time."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from pipelines.matanyone import MatAnyoneModel, MatAnyoneNetwork
from pipelines.matanyone import strips as module
from pipelines.matanyone.strips import strips
from tests.unit.pipelines.matanyone import clips


@pytest.mark.parametrize("halo", [2, 4])
def test_a_map_grown_in_strips_is_the_map_grown_whole(monkeypatch: pytest.MonkeyPatch, halo: int):
    # Given a map that grows to 80 rows, and strips of sixteen
    coarse = torch.randn(1, 3, 40, 5, generator=torch.Generator().manual_seed(2))
    monkeypatch.setattr(module, "CPU_STRIP", 1)

    cut = list(strips(coarse, halo))
    grown = torch.cat([strip.wanted(strip.grow(coarse)) for strip in cut], dim=2)

    assert len(cut) == 5
    assert torch.equal(grown, functional.interpolate(coarse, scale_factor=2, mode="bilinear", align_corners=False))


def test_alphas_do_not_depend_on_how_the_decoder_is_cut(network: MatAnyoneNetwork, monkeypatch: pytest.MonkeyPatch):
    def matted() -> np.ndarray:
        clip = MatAnyoneModel(network, batch=1).start(warmup=1, precision="parity")
        first = clip.begin(clips.frame(0), clips.mask()[None])
        return np.stack([first, clip.advance([clips.frame(1)])[0]])

    whole = matted()
    monkeypatch.setattr(module, "CPU_STRIP", 1)

    assert np.abs(matted() - whole).max() <= 5e-6
