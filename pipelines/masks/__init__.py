"""Mask makers: from clicks, a box or words on one frame to the mask of a target."""

from pipelines.masks.loading import load_mask_maker
from pipelines.masks.maker import MaskMaker

__all__ = ["MaskMaker", "load_mask_maker"]
