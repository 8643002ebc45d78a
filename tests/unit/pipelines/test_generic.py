"""Pipelines that no family knows, run by their class: Qwen-Image and Z-Image with random weights."""

from __future__ import annotations

import diffusers
import numpy as np
import pytest
import torch
import transformers

from pipelines.tiny.tokenizers import T5_VOCABULARY, byte_tokenizer
from pipelines.tiny.weights import make
from reelfleet.contract.errors import Aborted
from reelfleet.contract.job import Phase
from tests.fixtures.observer import RecordingObserver
from tests.unit.pipelines.conftest import PROMPT

WIDTH = 32
TEXT = {
    "vocab_size": T5_VOCABULARY,
    "hidden_size": WIDTH,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "rope_theta": 10_000.0,
}


def _qwen_image():
    text = transformers.Qwen2_5_VLConfig(
        text_config={**TEXT, "rope_scaling": {"mrope_section": [2, 3, 3], "rope_type": "default", "type": "default"}},
        vision_config={"depth": 1, "hidden_size": 16, "intermediate_size": 16, "num_heads": 2, "out_hidden_size": WIDTH},
        vision_start_token_id=300,
        vision_end_token_id=301,
        vision_token_id=302,
        image_token_id=303,
        video_token_id=304,
    )
    return diffusers.QwenImagePipeline(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True),
        vae=make(
            lambda: diffusers.AutoencoderKLQwenImage(
                base_dim=4,
                z_dim=4,
                dim_mult=[1, 1, 1, 1],
                num_res_blocks=1,
                temperal_downsample=[False, True, True],
                latents_mean=[0.0] * 4,
                latents_std=[1.0] * 4,
            ),
            seed=1,
        ),
        text_encoder=make(lambda: transformers.Qwen2_5_VLForConditionalGeneration(text), seed=2, gain=2.0),
        tokenizer=byte_tokenizer(1024),
        transformer=make(
            lambda: diffusers.QwenImageTransformer2DModel(
                patch_size=2,
                in_channels=16,
                out_channels=4,
                num_layers=1,
                attention_head_dim=16,
                num_attention_heads=2,
                joint_attention_dim=WIDTH,
                axes_dims_rope=(4, 6, 6),
            ),
            seed=3,
        ),
    )


def _z_image():
    tokenizer = byte_tokenizer(512)
    tokenizer.chat_template = "{% for message in messages %}{{ message['content'] }}{% endfor %}"
    return diffusers.ZImagePipeline(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(shift=3.0),
        vae=make(
            lambda: diffusers.AutoencoderKL(
                down_block_types=("DownEncoderBlock2D",) * 4,
                up_block_types=("UpDecoderBlock2D",) * 4,
                block_out_channels=(4,) * 4,
                latent_channels=4,
                norm_num_groups=1,
                use_quant_conv=False,
                use_post_quant_conv=False,
                shift_factor=0.1,
                scaling_factor=1.5,
            ),
            seed=1,
        ),
        text_encoder=make(lambda: transformers.Qwen3Model(transformers.Qwen3Config(**TEXT, head_dim=16)), seed=2, gain=2.0),
        tokenizer=tokenizer,
        transformer=make(
            lambda: diffusers.ZImageTransformer2DModel(
                in_channels=4,
                dim=32,
                n_layers=1,
                n_refiner_layers=1,
                n_heads=2,
                n_kv_heads=2,
                cap_feat_dim=WIDTH,
                axes_dims=[4, 6, 6],
                axes_lens=[1024, 64, 64],
            ),
            seed=3,
        ),
    )


STRANGERS = {
    "qwen": ("QwenImagePipeline", _qwen_image, "true_cfg_scale"),
    "z-image": ("ZImagePipeline", _z_image, "guidance_scale"),
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("strangers")
    for name, (_, build, _) in STRANGERS.items():
        build().save_pretrained(root / name)
    return root


@pytest.fixture(params=STRANGERS)
def stranger(request, folders, make_studio, as_entry):
    """A studio that has a stranger as ``mine``, and a function for the plain call."""
    name, _, guidance = STRANGERS[request.param]
    folder = folders / request.param
    entry = as_entry(
        "tiny-flux",
        "mine",
        card={"family": "generic"},
        source={"kind": "folder", "path": folder},
        pipeline={"class": name, "guidance_argument": guidance, "negative_prompt": True},
    )

    def plain(**arguments: object) -> np.ndarray:
        pipeline = getattr(diffusers, name).from_pretrained(folder, use_safetensors=True)
        generator = torch.Generator("cpu").manual_seed(7)
        call = {"width": 64, "height": 64, "num_inference_steps": 4, "negative_prompt": "blurred", guidance: 3.5, **arguments}
        image = pipeline(prompt=PROMPT, generator=generator, output_type="np", return_dict=False, **call)[0][0]
        return (image * 255).round().astype(np.uint8)[np.newaxis]

    return make_studio([entry]), plain


def test_frame_is_that_of_the_plain_call(stranger):
    studio, plain = stranger

    assert np.array_equal(studio.generate("mine", negative_prompt="blurred").frames, plain())


def test_phases_steps_and_previews_come_from_the_scheduler(stranger):
    # Given
    studio, _ = stranger
    observer = RecordingObserver(wants_previews=True)

    # When
    clip = studio.generate("mine", observer=observer)

    # Then
    assert observer.phases == [(Phase.LOAD, 0), (Phase.ENCODE, 0), (Phase.DENOISE, 4), (Phase.DECODE, 1)]
    assert observer.steps_of(Phase.DENOISE) == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert observer.steps_of(Phase.DECODE) == [(1, 1)]
    assert len(observer.previews) == 4
    assert min(clip.report.timings[name] for name in ("encode_s", "denoise_s", "decode_s")) > 0


def test_job_after_an_abort_is_that_of_a_fresh_pipeline(stranger):
    # Given
    studio, plain = stranger

    def abort(_: Phase, step: int) -> None:
        if step == 2:
            raise Aborted("enough")

    with pytest.raises(Aborted):
        studio.generate("mine", size="32x32", observer=RecordingObserver(on_advance=abort))

    # When / Then
    assert np.array_equal(studio.generate("mine", negative_prompt="blurred").frames, plain())
