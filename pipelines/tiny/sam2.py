"""Tiny SAM 2: masks of clicks and boxes."""

from __future__ import annotations

from typing import Any

import torch
from transformers import Sam2Config, Sam2HieraDetConfig, Sam2MaskDecoderConfig, Sam2Model, Sam2PromptEncoderConfig, Sam2VisionConfig

from pipelines.tiny.weights import make

SIDE = 128
"""Pixels of the square that the model sees."""
WIDTH = 32
EMBED_DIMS = (8, 16, 24, 32)
FREQUENCIES_SEED = 64
THERE = 1.0
"""Added to what the model says about the target's being in the picture, so that it usually is."""


def masks_of_points() -> Any:
    """Return a model like SAM 2.1."""
    model = make(lambda: Sam2Model(_config()), seed=61)
    whole = torch.randint(-128, 128, (2, WIDTH // 2), generator=torch.Generator("cpu").manual_seed(FREQUENCIES_SEED))
    with torch.no_grad():
        # One set of frequencies for the picture and for the prompts; they are buffers, which `make` leaves alone.
        for embedding in (model.shared_image_embedding, model.prompt_encoder.shared_embedding):
            embedding.positional_embedding.copy_(whole.to(torch.float32) / 128)
        model.mask_decoder.pred_obj_score_head.proj_out.bias += THERE
    return model


def _config() -> Any:
    backbone = Sam2HieraDetConfig(
        hidden_size=EMBED_DIMS[0],
        image_size=[SIDE, SIDE],
        blocks_per_stage=[1, 1, 2, 1],
        embed_dim_per_stage=list(EMBED_DIMS),
        num_attention_heads_per_stage=[1, 1, 1, 2],
        window_size_per_stage=[8, 4, 4, 2],
        global_attention_blocks=[3],
        mlp_ratio=2.0,
    )
    vision = Sam2VisionConfig(
        backbone_config=backbone,
        backbone_channel_list=list(reversed(EMBED_DIMS)),
        backbone_feature_sizes=[[SIDE // shrink, SIDE // shrink] for shrink in (4, 8, 16)],
        fpn_hidden_size=WIDTH,
    )
    decoder = Sam2MaskDecoderConfig(hidden_size=WIDTH, mlp_dim=32, num_attention_heads=2, iou_head_hidden_dim=16, iou_head_depth=2)
    prompts = Sam2PromptEncoderConfig(hidden_size=WIDTH, image_size=SIDE, mask_input_channels=8)
    return Sam2Config(vision_config=vision, prompt_encoder_config=prompts, mask_decoder_config=decoder)
