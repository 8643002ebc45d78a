"""Tiny SAM 3: masks of words."""

from __future__ import annotations

from typing import Any

import torch
from transformers import (
    Sam3Config,
    Sam3DETRDecoderConfig,
    Sam3DETREncoderConfig,
    Sam3GeometryEncoderConfig,
    Sam3MaskDecoderConfig,
    Sam3Model,
    Sam3VisionConfig,
    Sam3ViTConfig,
)

from pipelines.tiny.folder import Folder
from pipelines.tiny.text_encoders import TEXT_GAIN, clip_config
from pipelines.tiny.tokenizers import clip_tokenizer
from pipelines.tiny.weights import make

SIDE = 112
"""Pixels of the square that the model sees."""
PATCH = 14
WIDTH = 32
MAX_TOKENS = 32
THERE = 3.0
"""Added to what the model says about the words' naming anything in the picture, so that they usually do."""


def masks_of_words() -> Folder:
    """Return a model like SAM 3 with its tokenizer."""
    model = make(lambda: Sam3Model(_config()), seed=62, gain=TEXT_GAIN)
    with torch.no_grad():
        model.detr_decoder.presence_head.layer3.bias += THERE
    return Folder({"": (model, clip_tokenizer(MAX_TOKENS))})


def _config() -> Any:
    grid = SIDE // PATCH
    vit = Sam3ViTConfig(
        hidden_size=WIDTH,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        image_size=SIDE,
        patch_size=PATCH,
        window_size=4,
        global_attn_indexes=[1],
        pretrain_image_size=SIDE // 2,
    )
    shape = {"hidden_size": WIDTH, "num_attention_heads": 2}
    layers = {"num_layers": 1, "intermediate_size": 64}
    return Sam3Config(
        vision_config=Sam3VisionConfig(
            backbone_config=vit, fpn_hidden_size=WIDTH, backbone_feature_sizes=[[grid * grow, grid * grow] for grow in (4, 2, 1)]
        ),
        text_config=clip_config(max_position_embeddings=MAX_TOKENS, hidden_act="gelu"),
        geometry_encoder_config=Sam3GeometryEncoderConfig(roi_size=3, **shape, **layers),
        detr_encoder_config=Sam3DETREncoderConfig(**shape, **layers),
        detr_decoder_config=Sam3DETRDecoderConfig(num_queries=8, **shape, **layers),
        mask_decoder_config=Sam3MaskDecoderConfig(**shape),
    )
