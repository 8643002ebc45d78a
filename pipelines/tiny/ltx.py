"""Tiny LTX-Video pipeline: text to video."""

from __future__ import annotations

from typing import Any

from diffusers import AutoencoderKLLTXVideo, FlowMatchEulerDiscreteScheduler, LTXPipeline, LTXVideoTransformer3DModel

from pipelines.tiny.text_encoders import TEXT_WIDTH, t5
from pipelines.tiny.tokenizers import byte_tokenizer
from pipelines.tiny.weights import make

LATENT_CHANNELS = 8
WIDTHS = (8, 8, 8, 8)


def text_to_video() -> Any:
    """Return a pipeline like LTX-Video."""
    return LTXPipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True, shift_terminal=0.1),
        vae=_vae(),
        text_encoder=t5(),
        tokenizer=byte_tokenizer(128),
        transformer=_transformer(),
    )


def _transformer() -> Any:
    return make(
        lambda: LTXVideoTransformer3DModel(
            in_channels=LATENT_CHANNELS,
            out_channels=LATENT_CHANNELS,
            patch_size=1,
            patch_size_t=1,
            num_attention_heads=4,
            attention_head_dim=8,
            cross_attention_dim=TEXT_WIDTH,
            num_layers=1,
            caption_channels=TEXT_WIDTH,
        ),
        seed=31,
    )


def _vae() -> Any:
    blocks = len(WIDTHS) + 1
    scaling = (True, True, False, False)
    return make(
        lambda: AutoencoderKLLTXVideo(
            in_channels=3,
            out_channels=3,
            latent_channels=LATENT_CHANNELS,
            block_out_channels=WIDTHS,
            decoder_block_out_channels=WIDTHS,
            layers_per_block=(1,) * blocks,
            decoder_layers_per_block=(1,) * blocks,
            spatio_temporal_scaling=scaling,
            decoder_spatio_temporal_scaling=scaling,
            decoder_inject_noise=(False,) * blocks,
            upsample_residual=(False,) * len(WIDTHS),
            upsample_factor=(1,) * len(WIDTHS),
            timestep_conditioning=False,
            patch_size=1,
            patch_size_t=1,
            encoder_causal=True,
            decoder_causal=False,
        ),
        seed=32,
    )
