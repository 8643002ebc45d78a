"""Tiny ViTMatte with a tiny SAM 2: matting frame by frame."""

from __future__ import annotations

from typing import Any

import torch
from transformers import VitDetConfig, VitMatteConfig, VitMatteForImageMatting

from pipelines.tiny.folder import Folder
from pipelines.tiny.sam2 import masks_of_points
from pipelines.tiny.weights import make

WIDTH = 32
GAIN = 1.5
"""Above 1, or every alpha comes out nearly alike."""


def alphas_of_masks() -> Folder:
    """Return both models."""
    return Folder({"vitmatte": (_vitmatte(),), "sam2": (masks_of_points(),)})


def _vitmatte() -> Any:
    backbone = VitDetConfig(
        hidden_size=WIDTH,
        num_hidden_layers=2,
        num_attention_heads=2,
        mlp_ratio=2,
        image_size=64,
        pretrain_image_size=64,
        num_channels=4,
        window_block_indices=[0],
        residual_block_indices=[1],
        use_relative_position_embeddings=True,
        window_size=4,
        out_features=["stage2"],
    )
    config = VitMatteConfig(
        backbone_config=backbone, hidden_size=WIDTH, convstream_hidden_sizes=[8, 8, 8], fusion_hidden_sizes=[16, 8, 8, 8]
    )
    model = make(lambda: VitMatteForImageMatting(config), seed=63, gain=GAIN)
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                # transformers begins with scales near zero, through which nothing comes.
                module.weight.fill_(1.0)
    return model
