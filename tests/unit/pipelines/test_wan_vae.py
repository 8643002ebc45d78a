"""Streaming decode of Wan latents."""

from __future__ import annotations

import pytest
import torch
from diffusers import AutoencoderKLWan

from pipelines import tiny
from pipelines.families.wan_vae import decode_streaming


@pytest.fixture
def vae(settings):
    return AutoencoderKLWan.from_pretrained(tiny.ensure("tiny-wan", settings.cache_dir), subfolder="vae", use_safetensors=True)


@pytest.fixture
def patched_vae():
    """A VAE like that of TI2V 5B, whose decoder makes patches, and whose latents are normalised."""
    torch.manual_seed(0)
    return AutoencoderKLWan(
        base_dim=4,
        z_dim=4,
        dim_mult=[1, 1, 1, 1],
        num_res_blocks=1,
        temperal_downsample=[False, True, True],
        latents_mean=[0.1, -0.2, 0.3, 0.0],
        latents_std=[1.5, 0.5, 2.0, 1.0],
        in_channels=12,
        out_channels=12,
        patch_size=2,
        is_residual=True,
        scale_factor_spatial=16,
    ).eval()


def _latents(vae, frames: int = 4) -> torch.Tensor:
    return torch.randn(1, vae.config.z_dim, frames, 6, 4, generator=torch.Generator().manual_seed(3))


def _whole(vae, latents: torch.Tensor) -> torch.Tensor:
    shape = (1, -1, 1, 1, 1)
    mean, std = (torch.tensor(values).view(shape) for values in (vae.config.latents_mean, vae.config.latents_std))
    with torch.no_grad():
        return vae.decode(latents / (1.0 / std) + mean, return_dict=False)[0][0]


@pytest.mark.parametrize("name", ["vae", "patched_vae"])
def test_pixels_are_those_of_the_whole_decode(request, name):
    # Given
    vae = request.getfixturevalue(name)
    latents = _latents(vae)

    # When
    pieces = list(decode_streaming(vae, latents))

    # Then
    assert torch.equal(torch.cat(pieces, dim=1), _whole(vae, latents))


def test_pixels_come_by_latent_frame(vae):
    assert [piece.shape[1] for piece in decode_streaming(vae, _latents(vae))] == [1, 4, 4, 4]


def test_clip_left_early_does_not_touch_the_next(vae):
    # Given
    latents = _latents(vae)
    left = decode_streaming(vae, _latents(vae) + 1)
    next(left)
    next(left)

    # When
    left.close()
    held = [feature for feature in vae._feat_map if feature is not None]
    pixels = torch.cat(list(decode_streaming(vae, latents)), dim=1)

    # Then
    assert held == []
    assert torch.equal(pixels, _whole(vae, latents))


def test_tiling_decodes_the_whole_clip_as_the_vae_does(vae):
    # Given
    vae.enable_tiling(tile_sample_min_height=32, tile_sample_min_width=32, tile_sample_stride_height=16, tile_sample_stride_width=16)
    latents = _latents(vae)

    # When
    pieces = list(decode_streaming(vae, latents))

    # Then
    assert len(pieces) == 1
    assert torch.equal(pieces[0], _whole(vae, latents))


def test_grad_mode_of_the_consumer_stays_as_it_is(vae):
    for piece in decode_streaming(vae, _latents(vae)):
        assert torch.is_grad_enabled()
        assert not piece.requires_grad
