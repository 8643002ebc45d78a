"""Makes a VAE work in tiles and slices, which takes less memory, and undoes it."""

from __future__ import annotations

from typing import Any


def can_tile(pipeline: Any) -> bool:
    """Whether the pipeline's VAE can work in tiles and does not yet."""
    return getattr(getattr(pipeline, "vae", None), "use_tiling", None) is False


def tile(pipeline: Any) -> None:
    """Let the VAE work in tiles, and in slices where it can."""
    pipeline.vae.enable_tiling()
    if hasattr(pipeline.vae, "use_slicing"):
        pipeline.vae.enable_slicing()


def untile(pipeline: Any) -> None:
    """Let the VAE work on whole pictures again."""
    pipeline.vae.disable_tiling()
    if hasattr(pipeline.vae, "use_slicing"):
        pipeline.vae.disable_slicing()
