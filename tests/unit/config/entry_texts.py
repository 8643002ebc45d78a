"""Catalogue entries of models that matte and that make masks, as users write them."""

from __future__ import annotations

MATTING = """
kind = "matte"
title = "Mine"
family = "matanyone"
licence = "MIT"
max_pixels = 4096
memory_gib = 1
[source]
kind = "file"
path = "mine.safetensors"
"""
MASK_MAKER = """
kind = "mask"
title = "Mine"
family = "sam2"
licence = "MIT"
prompts = ["points"]
memory_gib = 1
dtype = "float16"
[source]
kind = "folder"
path = "weights"
"""
