"""Pipelines that no family knows, with random weights: Qwen-Image and Z-Image."""

from __future__ import annotations

import diffusers
import transformers

from pipelines.tiny.tokenizers import T5_VOCABULARY, byte_tokenizer
from pipelines.tiny.weights import make

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
