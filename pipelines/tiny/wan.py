"""Tiny Wan pipelines: text to video, two experts (Wan 2.2), image to video."""

from __future__ import annotations

from typing import Any

from diffusers import AutoencoderKLWan, UniPCMultistepScheduler, WanImageToVideoPipeline, WanPipeline, WanTransformer3DModel

from pipelines.tiny.text_encoders import TEXT_WIDTH, umt5
from pipelines.tiny.tokenizers import byte_tokenizer
from pipelines.tiny.weights import make

LATENT_CHANNELS = 16
CONDITION_CHANNELS = 2 * LATENT_CHANNELS + 4
"""Latents, the mask of four frames, and the latents of the given images."""


def text_to_video() -> Any:
    """Return a pipeline like Wan 2.1 T2V."""
    return WanPipeline(**_shared(), transformer=_transformer(21), transformer_2=None)


def two_experts() -> Any:
    """Return a pipeline like Wan 2.2 T2V A14B: one expert for high noise, one for low."""
    return WanPipeline(**_shared(), transformer=_transformer(21), transformer_2=_transformer(22), boundary_ratio=0.875)


def image_to_video() -> Any:
    """Return a pipeline like Wan 2.2 I2V A14B: two experts, no image encoder."""
    return WanImageToVideoPipeline(
        **_shared(),
        image_encoder=None,
        image_processor=None,
        transformer=_transformer(23, CONDITION_CHANNELS),
        transformer_2=_transformer(24, CONDITION_CHANNELS),
        boundary_ratio=0.9,
    )


def _shared() -> dict[str, Any]:
    scheduler = UniPCMultistepScheduler(prediction_type="flow_prediction", use_flow_sigmas=True, num_train_timesteps=1000, flow_shift=3.0)
    return {"tokenizer": byte_tokenizer(512), "text_encoder": umt5(), "vae": _vae(), "scheduler": scheduler}


def _transformer(seed: int, in_channels: int = LATENT_CHANNELS) -> Any:
    return make(
        lambda: WanTransformer3DModel(
            patch_size=(1, 2, 2),
            num_attention_heads=2,
            attention_head_dim=12,
            in_channels=in_channels,
            out_channels=LATENT_CHANNELS,
            text_dim=TEXT_WIDTH,
            freq_dim=256,
            ffn_dim=32,
            num_layers=2,
            cross_attn_norm=True,
            qk_norm="rms_norm_across_heads",
            rope_max_seq_len=64,
        ),
        seed=seed,
    )


def _vae() -> Any:
    return make(
        lambda: AutoencoderKLWan(
            base_dim=3, z_dim=LATENT_CHANNELS, dim_mult=[1, 1, 1, 1], num_res_blocks=1, temperal_downsample=[False, True, True]
        ),
        seed=25,
    )
