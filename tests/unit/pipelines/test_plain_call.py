"""The stages together are the pipeline's own call: the same bits come out."""

from __future__ import annotations

import diffusers
import numpy as np
import pytest
import torch
from PIL import Image

from pipelines import tiny
from tests.unit.pipelines.conftest import PROMPT

CASES = {
    "tiny-wan": ("WanPipeline", {"num_frames": 9, "guidance_scale": 5.0, "negative_prompt": ""}),
    "tiny-wan22": ("WanPipeline", {"num_frames": 9, "guidance_scale": 4.0, "guidance_scale_2": 3.0, "negative_prompt": ""}),
    "tiny-ltx": ("LTXPipeline", {"num_frames": 9, "guidance_scale": 3.0, "frame_rate": 8.0, "negative_prompt": ""}),
    "tiny-ltx2": ("LTX2Pipeline", {"num_frames": 9, "guidance_scale": 3.0, "frame_rate": 8.0, "negative_prompt": ""}),
    "tiny-flux": ("FluxPipeline", {"guidance_scale": 3.5}),
}


@pytest.mark.parametrize("model", CASES)
def test_frames_are_those_of_the_plain_call(studio, model):
    # Given
    name, arguments = CASES[model]
    plain = _plain(studio, model, name, **arguments)

    # When
    clip = studio.default_clip(model)

    # Then
    assert np.array_equal(clip.frames, plain)


def test_image_to_video_is_that_of_the_plain_call(studio, tmp_path):
    # Given: an image of the clip's size, so that nothing is scaled
    picture = Image.fromarray(np.random.default_rng(1).integers(0, 255, (64, 64, 3), dtype=np.uint8))
    picture.save(tmp_path / "start.png")
    plain = _plain(
        studio,
        "tiny-wan-i2v",
        "WanImageToVideoPipeline",
        image=picture,
        num_frames=9,
        guidance_scale=4.0,
        guidance_scale_2=3.0,
        negative_prompt="",
    )

    # When
    clip = studio.generate("tiny-wan-i2v", inputs={"image_start": tmp_path / "start.png"})

    # Then
    assert np.array_equal(clip.frames, plain)


@pytest.mark.parametrize("model", ["tiny-wan", "tiny-ltx", "tiny-flux"])
def test_generic_family_makes_the_same_frames(studio, make_studio, as_entry, model):
    # Given
    entry = as_entry(model, "any", card={"family": "generic"})

    # When
    clip = make_studio([entry]).generate("any")

    # Then
    assert np.array_equal(clip.frames, studio.default_clip(model).frames)
    assert clip.observer.steps == studio.default_clip(model).observer.steps


def _plain(studio, model: str, name: str, **arguments) -> np.ndarray:
    folder = tiny.ensure(model, studio.settings.cache_dir)
    pipeline = getattr(diffusers, name).from_pretrained(folder, use_safetensors=True)
    pipeline.set_progress_bar_config(disable=True)
    result = pipeline(
        prompt=PROMPT,
        width=64,
        height=64,
        num_inference_steps=4,
        generator=torch.Generator("cpu").manual_seed(7),
        output_type="np",
        return_dict=False,
        **arguments,
    )
    floats = np.asarray(result[0][0])
    return (floats if floats.ndim == 4 else floats[np.newaxis]).__mul__(255).round().astype(np.uint8)
