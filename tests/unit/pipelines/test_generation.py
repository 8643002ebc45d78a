"""Every tiny model, from spec to spool."""

from __future__ import annotations

import numpy as np
import pytest

from reelfleet.contract.errors import InvalidRequest
from reelfleet.contract.job import Phase

TINY = ("tiny-wan", "tiny-wan22", "tiny-wan-i2v", "tiny-ltx", "tiny-ltx2", "tiny-flux")


@pytest.mark.parametrize("model", TINY)
def test_defaults_give_the_frames_of_the_card(studio, model):
    # Given
    card = studio.catalogue[model].card
    width, height = map(int, card.defaults.size.split("x"))

    # When
    clip = studio.default_clip(model)

    # Then
    assert (clip.frames.shape, clip.fps) == ((card.defaults.frames, height, width, 3), card.defaults.fps)


@pytest.mark.parametrize("model", TINY)
def test_same_seed_gives_the_same_frames(studio, model):
    assert np.array_equal(studio.generate(model).frames, studio.default_clip(model).frames)


@pytest.mark.parametrize("model", TINY)
def test_another_seed_gives_other_frames(studio, model):
    assert _difference(studio.generate(model, seed=8), studio.default_clip(model)) > 1


@pytest.mark.parametrize("model", TINY)
def test_another_prompt_gives_other_frames(studio, model):
    assert _difference(studio.generate(model, prompt="a blue fish"), studio.default_clip(model)) > 1


@pytest.mark.parametrize("model", ["tiny-wan", "tiny-wan22", "tiny-wan-i2v", "tiny-ltx", "tiny-ltx2"])
def test_guided_models_heed_the_negative_prompt(studio, model):
    assert _difference(studio.generate(model, negative_prompt="blurred"), studio.default_clip(model)) > 1


@pytest.mark.parametrize(
    ("model", "size", "frames"),
    [
        ("tiny-wan", "16x48", 1),
        ("tiny-wan22", "32x16", 5),
        ("tiny-wan-i2v", "48x32", 5),
        ("tiny-ltx", "32x64", 5),
        ("tiny-ltx2", "64x32", 3),
    ],
)
def test_small_and_oblong_sizes(studio, model, size, frames):
    # Given
    width, height = map(int, size.split("x"))

    # When
    clip = studio.generate(model, size=size, frames=frames, steps=2)

    # Then
    assert clip.frames.shape == (frames, height, width, 3)


def test_small_oblong_image(studio):
    assert studio.generate("tiny-flux", size="16x48", steps=1).frames.shape == (1, 48, 16, 3)


@pytest.mark.parametrize(
    ("model", "guidance", "prompts"),
    [("tiny-wan", 1, 1), ("tiny-wan", 5, 2), ("tiny-ltx", 1, 1), ("tiny-ltx", 3, 2), ("tiny-flux", 3.5, 1)],
)
def test_negative_prompt_is_encoded_only_for_guidance(studio, model, guidance, prompts):
    # Given
    studio.engine.warm(model)
    encoded = []
    encoder = studio.engine._models.get(model).pipeline.text_encoder
    hook = encoder.register_forward_hook(lambda *_: encoded.append(1))

    # When
    studio.generate(model, guidance=guidance, steps=2)
    hook.remove()

    # Then
    assert len(encoded) == prompts


def test_second_expert_has_its_own_guidance(studio):
    assert _difference(studio.generate("tiny-wan22", guidance_2=9), studio.default_clip("tiny-wan22")) > 1


def test_ltx2_makes_sound_as_long_as_the_clip(studio):
    # Given
    clip = studio.default_clip("tiny-ltx2")

    # When
    samples, rate = clip.audio

    # Then: the causal audio VAE leaves out three columns of 10 ms
    assert samples.dtype == np.float32
    assert samples.shape[1] == 2
    assert len(samples) / rate == pytest.approx(len(clip.frames) / clip.fps, abs=0.05)


def test_sound_is_heard_and_repeats_with_the_seed(studio):
    # Given
    first, _ = studio.default_clip("tiny-ltx2").audio

    # When
    again, _ = studio.generate("tiny-ltx2").audio
    other, _ = studio.generate("tiny-ltx2", seed=8).audio

    # Then
    assert np.array_equal(first, again)
    assert first.std() > 0.01
    assert np.abs(first - other).max() > 0.01


@pytest.mark.parametrize("model", TINY)
def test_phases_and_steps_are_told_in_order(studio, model):
    # Given
    defaults = studio.catalogue[model].card.defaults

    # When
    observer = studio.default_clip(model).observer

    # Then: sound's own scheduler counts no steps
    assert observer.phases == [(Phase.LOAD, 0), (Phase.ENCODE, 0), (Phase.DENOISE, defaults.steps), (Phase.DECODE, defaults.frames)]
    assert observer.steps_of(Phase.DENOISE) == [(step, defaults.steps) for step in range(1, defaults.steps + 1)]
    assert observer.steps_of(Phase.DECODE) == [(frame, defaults.frames) for frame in range(1, defaults.frames + 1)]


@pytest.mark.filterwarnings("ignore:invalid value encountered in divide:RuntimeWarning")  # numpy's, of what is refused here
def test_steps_of_which_the_scheduler_makes_no_schedule_are_refused(studio):
    with pytest.raises(InvalidRequest, match="steps: FlowMatchEulerDiscreteScheduler makes no schedule of 1"):
        studio.generate("tiny-ltx", steps=1)


def _difference(one, other) -> float:
    """Mean difference of the pixels, of 255."""
    return float(np.abs(one.frames.astype(int) - other.frames).mean())
