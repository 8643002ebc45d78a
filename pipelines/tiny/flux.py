"""Tiny FLUX.1 pipeline: text to image."""

from __future__ import annotations

from typing import Any

from diffusers import AutoencoderKL, FlowMatchEulerDiscreteScheduler, FluxPipeline, FluxTransformer2DModel

from pipelines.tiny.text_encoders import TEXT_WIDTH, clip, t5
from pipelines.tiny.tokenizers import byte_tokenizer, clip_tokenizer
from pipelines.tiny.weights import make

LATENT_CHANNELS = 4
PACKED = 4 * LATENT_CHANNELS
"""FLUX.1 puts two by two latents into one token."""


def text_to_image() -> Any:
    """Return a pipeline like FLUX.1 dev."""
    return FluxPipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True, shift=3.0),
        text_encoder=clip(),
        tokenizer=clip_tokenizer(77),
        text_encoder_2=t5(),
        tokenizer_2=byte_tokenizer(512),
        transformer=_transformer(),
        vae=_vae(),
    )


def _transformer() -> Any:
    return make(
        lambda: FluxTransformer2DModel(
            patch_size=1,
            in_channels=PACKED,
            num_layers=1,
            num_single_layers=1,
            attention_head_dim=16,
            num_attention_heads=2,
            joint_attention_dim=TEXT_WIDTH,
            pooled_projection_dim=TEXT_WIDTH,
            axes_dims_rope=[4, 4, 8],
            guidance_embeds=True,
        ),
        seed=41,
    )


def _vae() -> Any:
    widths = (4, 4, 4, 4)
    return make(
        lambda: AutoencoderKL(
            sample_size=32,
            in_channels=3,
            out_channels=3,
            down_block_types=("DownEncoderBlock2D",) * len(widths),
            up_block_types=("UpDecoderBlock2D",) * len(widths),
            block_out_channels=widths,
            layers_per_block=1,
            latent_channels=LATENT_CHANNELS,
            norm_num_groups=1,
            use_quant_conv=False,
            use_post_quant_conv=False,
            shift_factor=0.0609,
            scaling_factor=1.5035,
        ),
        seed=42,
    )
