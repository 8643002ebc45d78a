"""Previews from latents."""

from __future__ import annotations

import io
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from diffusers import FlowMatchEulerDiscreteScheduler
from PIL import Image

from pipelines.families.generic import packed_grid
from pipelines.preview import MAX_BYTES, clean_estimate, render_preview
from pipelines.step_control import Step
from tests.fixtures.observer import RecordingObserver


def _step(latents: torch.Tensor) -> Step:
    return Step(number=1, of=2, latents=latents, prediction=torch.zeros_like(latents), scheduler=FlowMatchEulerDiscreteScheduler())


def _open(preview) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(preview.data)).convert("RGB")).astype(int)


@pytest.mark.parametrize(
    ("model", "frames"), [("tiny-wan", 3), ("tiny-wan22", 3), ("tiny-wan-i2v", 3), ("tiny-ltx", 3), ("tiny-ltx2", 4), ("tiny-flux", 1)]
)
def test_every_model_shows_its_latent_frames_side_by_side(studio, model, frames):
    # Given
    observer = RecordingObserver(wants_previews=True)

    # When
    clip = studio.generate(model, observer=observer)

    # Then
    assert len(observer.previews) == clip.observer.phases[2][1]
    for data, media_type in observer.previews:
        with Image.open(io.BytesIO(data)) as image:
            assert (image.format, media_type, image.size) == ("WEBP", "image/webp", (192 * frames, 192))


def test_generic_pipeline_shows_packed_latents_as_the_family_does(studio, make_studio, as_entry):
    # Given
    family, generic = RecordingObserver(wants_previews=True), RecordingObserver(wants_previews=True)
    worker = make_studio([as_entry("tiny-flux", "any", card={"family": "generic"})])

    # When
    studio.generate("tiny-flux", observer=family)
    worker.generate("any", observer=generic)

    # Then
    assert generic.previews == family.previews


def test_no_preview_is_made_when_none_is_due(studio):
    assert studio.default_clip("tiny-wan").observer.previews == []


def test_preview_does_not_change_the_frames(studio):
    clip = studio.generate("tiny-ltx2", observer=RecordingObserver(wants_previews=True))

    assert np.array_equal(clip.frames, studio.default_clip("tiny-ltx2").frames)


def test_shapes_in_the_latents_are_shapes_in_the_preview():
    # Given: the left half differs from the right in every channel
    latents = torch.zeros(1, 16, 1, 12, 20)
    latents[..., :10] = torch.linspace(1, 2, 16).view(1, 16, 1, 1, 1)

    # When
    shown = _open(render_preview(_step(latents), lambda tensor: tensor[0]))

    # Then
    assert abs(shown[:, 20:80].mean() - shown[:, 110:170].mean()) > 100


def test_noise_of_any_size_stays_small():
    # Given
    latents = torch.randn(1, 3, 40, 192, 192, generator=torch.Generator().manual_seed(0))

    # When
    preview = render_preview(_step(latents), lambda tensor: tensor[0])

    # Then
    assert len(preview.data) <= MAX_BYTES
    assert _open(preview).shape[1] == 4 * 192


@pytest.mark.parametrize("channels", [1, 2, 3])
def test_few_channels_are_shown_too(channels):
    latents = torch.randn(1, channels, 1, 8, 8, generator=torch.Generator().manual_seed(0))

    assert _open(render_preview(_step(latents), lambda tensor: tensor[0])).std() > 10


def test_uniform_latents_are_shown_without_an_error():
    assert _open(render_preview(_step(torch.ones(1, 16, 1, 8, 8)), lambda tensor: tensor[0])).std() == 0


def test_unknown_layout_gives_no_preview():
    job = SimpleNamespace(pipeline=SimpleNamespace(), spec=SimpleNamespace(height=64, width=64))

    assert render_preview(_step(torch.ones(1, 7, 5)), lambda tensor: packed_grid(job, tensor)) is None


def test_remaining_noise_is_taken_out_of_the_estimate():
    # Given: noise and a picture, mixed as flow matching mixes them
    scheduler = FlowMatchEulerDiscreteScheduler()
    scheduler.set_timesteps(4)
    picture, noise = torch.full((1, 3, 1, 4, 4), 0.25), torch.randn(1, 3, 1, 4, 4)
    scheduler.set_begin_index(0)
    start = scheduler.sigmas[0] * noise + (1 - scheduler.sigmas[0]) * picture
    prediction = noise - picture
    latents = scheduler.step(prediction, scheduler.timesteps[0], start, return_dict=False)[0]

    # When
    estimate = clean_estimate(Step(number=1, of=4, latents=latents, prediction=prediction, scheduler=scheduler))

    # Then
    assert torch.allclose(estimate, picture, atol=1e-5)
    assert not torch.allclose(latents, picture, atol=0.1)
