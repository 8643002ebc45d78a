"""NaN and infinity end a job with a name for the place."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from pipelines.numerics import require_finite
from reelfleet.contract.errors import Numerical


def _poison(studio, model: str, component: str, value: float = float("nan")) -> torch.Tensor:
    """Put one bad value into a component's last weight; return the weight."""
    studio.engine.warm(model)
    weight = list(getattr(studio.engine._models.get(model).pipeline, component).parameters())[-1]
    with torch.no_grad():
        weight.view(-1)[0] = value
    return weight


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("model", ["tiny-wan", "tiny-ltx2", "tiny-flux"])
def test_bad_latents_name_the_step(make_studio, model, value):
    # Given
    worker = make_studio()
    _poison(worker, model, "transformer", value)

    # When
    with pytest.raises(Numerical) as caught:
        worker.generate(model)

    # Then
    assert caught.value.details["where"] == "denoise step 1"
    assert model in caught.value.message


def test_expert_that_comes_later_names_its_step(make_studio):
    # Given
    worker = make_studio()
    _poison(worker, "tiny-wan22", "transformer_2")

    # When
    with pytest.raises(Numerical) as caught:
        worker.generate("tiny-wan22")

    # Then: the first steps are the other expert's
    assert caught.value.details["step"] > 1


@pytest.mark.parametrize("model", ["tiny-wan", "tiny-ltx", "tiny-flux"])
def test_bad_pixels_name_the_frame(make_studio, model):
    # Given
    worker = make_studio()
    _poison(worker, model, "vae")
    with torch.no_grad():
        list(worker.engine._models.get(model).pipeline.vae.decoder.parameters())[-1].view(-1)[0] = float("nan")

    # When
    with pytest.raises(Numerical) as caught:
        worker.generate(model)

    # Then
    assert caught.value.details["where"] == "decoded frame 1"


def test_bad_pixels_of_a_generic_pipeline_name_the_frame(make_studio, as_entry):
    # Given
    worker = make_studio([as_entry("tiny-flux", "any", card={"family": "generic"})])
    _poison(worker, "any", "vae")

    # When / Then
    with pytest.raises(Numerical, match="decoded frame 1"):
        worker.generate("any")


def test_bad_sound_is_named(make_studio):
    # Given
    worker = make_studio()
    _poison(worker, "tiny-ltx2", "vocoder")

    # When / Then
    with pytest.raises(Numerical, match="sound"):
        worker.generate("tiny-ltx2")


def test_warm_pipeline_works_again_when_its_weights_are_good(make_studio, studio):
    # Given
    worker = make_studio()
    worker.engine.warm("tiny-wan")
    weight = next(iter(worker.engine._models.get("tiny-wan").pipeline.transformer.parameters()))
    good = weight.detach().clone()
    with torch.no_grad():
        weight.fill_(float("nan"))
    with pytest.raises(Numerical):
        worker.generate("tiny-wan")

    # When
    with torch.no_grad():
        weight.copy_(good)
    after = worker.generate("tiny-wan")

    # Then
    assert np.array_equal(after.frames, studio.default_clip("tiny-wan").frames)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("bad", [[float("nan")], [float("inf")], [float("inf"), float("-inf")]])
def test_one_bad_value_is_found_in_any_dtype(dtype, bad):
    # Given
    values = torch.zeros(1000, dtype=dtype)
    values[500 : 500 + len(bad)] = torch.tensor(bad, dtype=dtype)

    # When
    with pytest.raises(Numerical) as caught:
        require_finite(values, "some-model", "frame", 3)

    # Then
    assert caught.value.details == {"model": "some-model", "where": "frame 3", "step": 3, "bad_values": len(bad), "values": 1000}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_values_that_are_large_together_are_no_fault(dtype):
    require_finite(torch.full((1000,), torch.finfo(dtype).max, dtype=dtype), "some-model", "frame", 3)
