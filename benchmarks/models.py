"""Models with random weights that are big enough to measure: one denoise step takes a tenth of a second or more on one thread.

They are written with ``save_pretrained`` and offered to the fleet as a user's catalogue folder, so that both sides load
them as they load real weights.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.workloads import CLIPS, IMAGES, Workload

HEAD = """\
title = "Random weights to measure with"
family = "{family}"
modality = "{modality}"
licence = "Apache-2.0"
memory_gib = 1.0
step_resume = true

[source]
kind = "folder"
path = "{folder}"

[pipeline]
class = "{pipeline}"
dtype = "float32"
"""

IMAGE_ENTRY = """\
negative_prompt = false

[defaults]
size = "1024x1024"
steps = 4
guidance = 3.5

[limits]
size_multiple = 16
max_pixels = 4194304
max_steps = 1000
"""

CLIP_ENTRY = """\

[defaults]
size = "832x480"
frames = 13
fps = 16
steps = 8
guidance = 5.0

[limits]
size_multiple = 16
max_pixels = 1048576
frame_rule = "4n+1"
max_frames = 81
max_steps = 1000
"""


def make_models(root: Path) -> Path:
    """Write weights and catalogue files below ``root``; return the catalogue folder."""
    from pipelines.torch_setup import configure_torch  # noqa: PLC0415 - torch is imported when models are made, not before

    configure_torch(threads=1)
    catalogue = root / "catalogue"
    catalogue.mkdir(parents=True)
    for workload, build, head, rest in (
        (IMAGES, _flux, {"family": "flux", "modality": "image", "pipeline": "FluxPipeline"}, IMAGE_ENTRY),
        (CLIPS, _wan, {"family": "wan", "modality": "video", "pipeline": "WanPipeline"}, CLIP_ENTRY),
    ):
        folder = weights_folder(root, workload)
        build().save_pretrained(str(folder), safe_serialization=True)
        (catalogue / f"{workload.model}.toml").write_text(HEAD.format(folder=folder, **head) + rest, encoding="utf-8")
    return catalogue


def weights_folder(root: Path, workload: Workload) -> Path:
    """Return where the weights of a workload's model lie."""
    return root / "weights" / workload.model


def _flux() -> Any:
    """Return a FLUX.1 whose step at 1024x1024 attends three times over 4608 tokens."""
    from diffusers import FluxTransformer2DModel  # noqa: PLC0415 - as above

    from pipelines.tiny.flux import PACKED, text_to_image  # noqa: PLC0415 - as above
    from pipelines.tiny.text_encoders import TEXT_WIDTH  # noqa: PLC0415 - as above
    from pipelines.tiny.weights import make  # noqa: PLC0415 - as above

    transformer = make(
        lambda: FluxTransformer2DModel(
            patch_size=1,
            in_channels=PACKED,
            num_layers=1,
            num_single_layers=2,
            attention_head_dim=16,
            num_attention_heads=2,
            joint_attention_dim=TEXT_WIDTH,
            pooled_projection_dim=TEXT_WIDTH,
            axes_dims_rope=[4, 4, 8],
            guidance_embeds=True,
        ),
        seed=63,
    )
    pipeline = text_to_image()
    pipeline.register_modules(transformer=transformer)
    return pipeline


def _wan() -> Any:
    """Return a Wan with the VAE of Wan 2.2 TI2V (sixteenth of the size), whose step at 832x480x13 attends twice over 6240 tokens."""
    from diffusers import AutoencoderKLWan, WanTransformer3DModel  # noqa: PLC0415 - as above

    from pipelines.tiny.text_encoders import TEXT_WIDTH  # noqa: PLC0415 - as above
    from pipelines.tiny.wan import LATENT_CHANNELS, text_to_video  # noqa: PLC0415 - as above
    from pipelines.tiny.weights import make  # noqa: PLC0415 - as above

    vae = make(
        lambda: AutoencoderKLWan(
            base_dim=2,
            z_dim=LATENT_CHANNELS,
            dim_mult=[1, 1, 1, 1],
            num_res_blocks=1,
            temperal_downsample=[False, True, True],
            patch_size=2,
            in_channels=12,
            out_channels=12,
            scale_factor_spatial=16,
            scale_factor_temporal=4,
        ),
        seed=61,
    )
    transformer = make(
        lambda: WanTransformer3DModel(
            patch_size=(1, 1, 1),
            num_attention_heads=2,
            attention_head_dim=12,
            in_channels=LATENT_CHANNELS,
            out_channels=LATENT_CHANNELS,
            text_dim=TEXT_WIDTH,
            freq_dim=256,
            ffn_dim=64,
            num_layers=1,
            cross_attn_norm=True,
            qk_norm="rms_norm_across_heads",
            rope_max_seq_len=1024,
        ),
        seed=62,
    )
    pipeline = text_to_video()
    pipeline.register_modules(vae=vae, transformer=transformer)
    return pipeline
