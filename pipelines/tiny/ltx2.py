"""Tiny LTX-2 pipeline: text to video with sound."""

from __future__ import annotations

from typing import Any

from diffusers import (
    AutoencoderKLLTX2Audio,
    AutoencoderKLLTX2Video,
    FlowMatchEulerDiscreteScheduler,
    LTX2Pipeline,
    LTX2VideoTransformer3DModel,
)
from diffusers.pipelines.ltx2 import LTX2TextConnectors, LTX2Vocoder
from transformers import Gemma3Config, Gemma3ForConditionalGeneration, Gemma3TextConfig, SiglipVisionConfig

from pipelines.tiny.text_encoders import TEXT_GAIN
from pipelines.tiny.tokenizers import T5_VOCABULARY, byte_tokenizer
from pipelines.tiny.weights import make

WIDTH = 16
TEXT_LAYERS = 2
LATENT_CHANNELS = 4
AUDIO_CHANNELS = 2
MEL_BINS = 8
SAMPLE_RATE = 16_000
HOP_LENGTH = 160
"""Samples per column of the spectrogram: the product of the vocoder's upsampling."""
MAX_TOKENS = 1024


def text_to_video_with_audio() -> Any:
    """Return a pipeline like LTX-2."""
    return LTX2Pipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(),
        vae=_vae(),
        audio_vae=_audio_vae(),
        text_encoder=_text_encoder(),
        tokenizer=byte_tokenizer(MAX_TOKENS),
        connectors=_connectors(),
        transformer=_transformer(),
        vocoder=_vocoder(),
    )


def _text_encoder() -> Any:
    text = Gemma3TextConfig(
        vocab_size=T5_VOCABULARY,
        hidden_size=WIDTH,
        intermediate_size=32,
        num_hidden_layers=TEXT_LAYERS,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=8,
        max_position_embeddings=MAX_TOKENS,
        sliding_window=64,
        pad_token_id=0,
        eos_token_id=1,
        bos_token_id=2,
    )
    vision = SiglipVisionConfig(
        hidden_size=WIDTH, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2, image_size=28, patch_size=14
    )
    config = Gemma3Config(
        text_config=text,
        vision_config=vision.to_dict(),
        mm_tokens_per_image=4,
        boi_token_index=310,
        eoi_token_index=311,
        image_token_index=312,
    )
    return make(lambda: Gemma3ForConditionalGeneration(config), seed=51, gain=TEXT_GAIN)


def _transformer() -> Any:
    return make(
        lambda: LTX2VideoTransformer3DModel(
            in_channels=LATENT_CHANNELS,
            out_channels=LATENT_CHANNELS,
            patch_size=1,
            patch_size_t=1,
            num_attention_heads=2,
            attention_head_dim=8,
            cross_attention_dim=WIDTH,
            audio_in_channels=2 * AUDIO_CHANNELS,
            audio_out_channels=2 * AUDIO_CHANNELS,
            audio_num_attention_heads=2,
            audio_attention_head_dim=4,
            audio_cross_attention_dim=8,
            num_layers=2,
            qk_norm="rms_norm_across_heads",
            caption_channels=WIDTH,
            rope_double_precision=False,
            rope_type="split",
        ),
        seed=52,
    )


def _connectors() -> Any:
    return make(
        lambda: LTX2TextConnectors(
            caption_channels=WIDTH,
            text_proj_in_factor=TEXT_LAYERS + 1,
            video_connector_num_attention_heads=2,
            video_connector_attention_head_dim=8,
            video_connector_num_layers=1,
            video_connector_num_learnable_registers=None,
            audio_connector_num_attention_heads=2,
            audio_connector_attention_head_dim=8,
            audio_connector_num_layers=1,
            audio_connector_num_learnable_registers=None,
            connector_rope_base_seq_len=32,
            rope_theta=10_000.0,
            rope_double_precision=False,
            causal_temporal_positioning=False,
            rope_type="split",
        ),
        seed=53,
    )


def _vae() -> Any:
    return make(
        lambda: AutoencoderKLLTX2Video(
            in_channels=3,
            out_channels=3,
            latent_channels=LATENT_CHANNELS,
            block_out_channels=(8,),
            decoder_block_out_channels=(8,),
            layers_per_block=(1,),
            decoder_layers_per_block=(1, 1),
            spatio_temporal_scaling=(True,),
            decoder_spatio_temporal_scaling=(True,),
            decoder_inject_noise=(False, False),
            downsample_type=("spatial",),
            upsample_residual=(False,),
            upsample_factor=(1,),
            timestep_conditioning=False,
            patch_size=4,
            patch_size_t=1,
            encoder_causal=True,
            decoder_causal=False,
        ),
        seed=54,
    )


def _audio_vae() -> Any:
    return make(
        lambda: AutoencoderKLLTX2Audio(
            base_channels=4,
            output_channels=2,
            ch_mult=(1, 1, 1),
            num_res_blocks=1,
            attn_resolutions=None,
            in_channels=2,
            resolution=32,
            latent_channels=AUDIO_CHANNELS,
            norm_type="pixel",
            causality_axis="height",
            dropout=0.0,
            mid_block_add_attention=False,
            sample_rate=SAMPLE_RATE,
            mel_hop_length=HOP_LENGTH,
            is_causal=True,
            mel_bins=MEL_BINS,
        ),
        seed=55,
    )


def _vocoder() -> Any:
    return make(
        lambda: LTX2Vocoder(
            in_channels=2 * MEL_BINS,
            hidden_channels=32,
            out_channels=2,
            upsample_kernel_sizes=[20, 8, 8],
            upsample_factors=[10, 4, 4],
            resnet_kernel_sizes=[3],
            resnet_dilations=[[1, 3, 5]],
            leaky_relu_negative_slope=0.1,
            output_sampling_rate=SAMPLE_RATE,
        ),
        seed=56,
    )
