"""Matting frame by frame under permissive licences: SAM 2 carries a mask along, ViTMatte makes an alpha of it."""

from pipelines.vitmatte.loading import load_vitmatte

__all__ = ["load_vitmatte"]
