"""Decodes Wan latents one latent frame at a time, to the same bits as ``vae.decode``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from diffusers.models.autoencoders.autoencoder_kl_wan import unpatchify

from pipelines.hooks import on_device


@torch.no_grad()
def decode_streaming(vae: Any, latents: torch.Tensor) -> Iterator[torch.Tensor]:
    """Yield pixels (3, frames, height, width), -1 to 1: one frame for the first latent frame, four for each further one.

    ``vae.decode`` keeps every frame until the last; a VAE that is set to tile works on the whole clip, and then this
    yields the whole clip.

    Args:
        vae: an ``AutoencoderKLWan``.
        latents: (1, channels, latent frames, height / 8, width / 8), normalised, as the pipeline returns them.
    """
    latents = _denormalised(vae, latents)
    if _would_tile(vae, latents):
        yield vae.decode(latents, return_dict=False)[0][0]
        return
    on_device(vae)
    vae.clear_cache()
    try:
        features = vae.post_quant_conv(latents)
        for index in range(features.shape[2]):
            yield _decode_one(vae, features[:, :, index : index + 1], first=index == 0)
    finally:
        # The cache holds the features of the last frames; the next clip must not see them.
        vae.clear_cache()


def _decode_one(vae: Any, feature: torch.Tensor, *, first: bool) -> torch.Tensor:
    vae._conv_idx = [0]  # noqa: SLF001 - the VAE's own loop does the same
    pixels = vae.decoder(feature, feat_cache=vae._feat_map, feat_idx=vae._conv_idx, first_chunk=first)  # noqa: SLF001 - as above
    if vae.config.patch_size is not None:
        pixels = unpatchify(pixels, patch_size=vae.config.patch_size)
    return torch.clamp(pixels, min=-1.0, max=1.0)[0]


def _denormalised(vae: Any, latents: torch.Tensor) -> torch.Tensor:
    """Undo the normalisation of latents with the operations, and so the bits, of the pipeline."""
    latents = latents.to(dtype=vae.dtype)
    shape = (1, vae.config.z_dim, 1, 1, 1)
    mean = torch.tensor(vae.config.latents_mean).view(shape).to(latents.device, latents.dtype)
    scale = 1.0 / torch.tensor(vae.config.latents_std).view(shape).to(latents.device, latents.dtype)
    return latents / scale + mean


def _would_tile(vae: Any, latents: torch.Tensor) -> bool:
    ratio = vae.spatial_compression_ratio
    height, width = latents.shape[-2:]
    return bool(vae.use_tiling and (width > vae.tile_sample_min_width // ratio or height > vae.tile_sample_min_height // ratio))
