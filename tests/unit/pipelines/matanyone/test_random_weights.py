"""Weights made on the spot."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from pipelines.matanyone import load_matanyone, random_weights, write_random_weights
from pipelines.matanyone.model import MatAnyoneModel
from tests.unit.pipelines.matanyone import clips


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_random_weights(tmp_path_factory.mktemp("weights") / "tiny.safetensors")


@pytest.fixture(scope="module")
def model(written: Path) -> MatAnyoneModel:
    return load_matanyone(written)


def test_alphas_of_an_ordinary_clip_are_moderate(model: MatAnyoneModel):
    clip = model.start(warmup=2, precision="parity")

    alphas = np.stack([clip.begin(clips.frame(0), clips.mask()[None]), *(clip.advance([clips.frame(t)])[0] for t in range(1, 8))])

    assert np.isfinite(alphas).all()
    assert 0.2 < alphas.mean() < 0.8
    assert ((alphas > 0) & (alphas < 1)).mean() > 0.5


def test_the_same_seed_gives_the_same_weights_and_another_seed_others():
    first, again, other = random_weights(), random_weights(), random_weights(seed=1)

    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["pix_feat_proj.weight"], other["pix_feat_proj.weight"])


def test_a_weight_is_what_it_was_when_this_was_written():
    # Given whole numbers times a scale, which no processor rounds in its own way
    weight = random_weights()["key_proj.key_proj.weight"]

    assert weight.double().sum().item() == pytest.approx(-1.8368719085976863, abs=1e-12)


def test_the_file_is_in_half_precision_and_holds_nothing_else(written: Path):
    assert 70e6 < written.stat().st_size < 72e6
