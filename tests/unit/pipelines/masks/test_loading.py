"""Mask makers load as published ones do, and refuse what is no safe or whole model."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import Sam2VideoConfig, Sam2VideoModel, Sam3TrackerVideoConfig, Sam3VideoConfig, Sam3VideoModel

from pipelines.masks.pixels import IMAGENET_MEAN, Brightness, brightness_of
from pipelines.masks.sam2 import USUAL
from reelfleet.contract.errors import ModelLoadFailed
from reelfleet.contract.matte import Point

POINT = Point(x=40, y=30)
NARROW = {
    f"memory_{key}": value
    for key, value in {
        "attention_hidden_size": 32,
        "attention_num_layers": 1,
        "attention_feed_forward_hidden_size": 32,
        "attention_rope_feat_sizes": [8, 8],
        "encoder_hidden_size": 32,
        "encoder_output_channels": 16,
        "fuser_embed_dim": 32,
        "fuser_intermediate_dim": 32,
        "fuser_num_layers": 1,
    }.items()
}
"""The memory of the video models, which mask makers leave aside."""


def test_a_checkpoint_of_the_video_model_of_sam2_makes_the_same_masks(copied, load, sam2, frame):
    # Given: the form in which SAM 2.1 is published
    entry, folder = copied("tiny-sam2")
    (alone,) = sam2.modules()
    parts = {name: getattr(alone.config, name) for name in ("vision_config", "prompt_encoder_config", "mask_decoder_config")}
    config = Sam2VideoConfig(**parts, image_size=128, mask_downsampler_embed_dim=32, **NARROW)
    video = Sam2VideoModel(config)
    video.load_state_dict(alone.state_dict(), strict=False)
    video.save_pretrained(folder)

    # When
    mask = load(entry).make(frame, [POINT], None, None)

    # Then
    assert np.array_equal(mask, sam2.make(frame, [POINT], None, None))


def test_a_checkpoint_of_the_video_model_of_sam3_makes_the_same_masks(copied, load, sam3, frame):
    # Given: the form in which SAM 3 is published
    entry, folder = copied("tiny-sam3")
    (alone,) = sam3.modules()
    tracker = Sam3TrackerVideoConfig(
        vision_config=alone.config.vision_config,
        prompt_encoder_config={"hidden_size": 32, "image_size": 112, "patch_size": 14},
        mask_decoder_config={"hidden_size": 32, "mlp_dim": 32, "num_attention_heads": 2, "iou_head_hidden_dim": 16},
        image_size=112,
        mask_downsampler_embed_dim=32,
        **NARROW,
    )
    video = Sam3VideoModel(Sam3VideoConfig(detector_config=alone.config, tracker_config=tracker))
    video.detector_model.load_state_dict(alone.state_dict())
    video.save_pretrained(folder)

    # When
    mask = load(entry).make(frame, [], None, "a red kite")

    # Then
    assert np.array_equal(mask, sam3.make(frame, [], None, "a red kite"))


def test_weights_that_are_not_there_are_told_with_the_way_to_get_them(copied, load):
    entry, folder = copied("tiny-sam2")
    (folder / "model.safetensors").unlink()

    with pytest.raises(ModelLoadFailed, match=r"missing: \*\.safetensors; put the weights there, or change source\.path"):
        load(entry)


@pytest.mark.parametrize("suffix", ["bin", "pt", "pth"])
def test_pickled_weights_are_refused_by_name(copied, load, suffix):
    # Given
    entry, folder = copied("tiny-sam2")
    (folder / "model.safetensors").unlink()
    torch.save({}, folder / f"pytorch_model.{suffix}")

    # When / Then
    with pytest.raises(ModelLoadFailed, match=rf"pytorch_model\.{suffix} is a pickle"):
        load(entry)


def test_weights_with_holes_are_refused(copied, load):
    # Given
    entry, folder = copied("tiny-sam2")
    weights = {name: tensor.clone() for name, tensor in load_file(folder / "model.safetensors").items()}
    del weights["no_memory_embedding"]
    save_file(weights, folder / "model.safetensors", {"format": "pt"})

    # When / Then
    with pytest.raises(ModelLoadFailed, match="1 weights are missing from its files and would be random: no_memory_embedding"):
        load(entry)


def test_weights_that_are_cut_short_are_a_load_failure(copied, load):
    entry, folder = copied("tiny-sam2")
    whole = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(whole[: len(whole) // 2])

    with pytest.raises(ModelLoadFailed, match="tiny-sam2: loading failed"):
        load(entry)


@pytest.mark.parametrize("wrap", [lambda settings: settings, lambda settings: {"image_processor": settings}])
def test_brightness_is_that_which_is_saved_with_the_model(tmp_path, wrap):
    name = "preprocessor_config.json" if "image_mean" in wrap({"image_mean": 0}) else "processor_config.json"
    (tmp_path / name).write_text(json.dumps(wrap({"image_mean": [0.1, 0.2, 0.3], "image_std": [1, 1, 1]})))

    assert brightness_of(tmp_path, USUAL) == Brightness((0.1, 0.2, 0.3), (1, 1, 1))


def test_without_saved_settings_the_familys_hold(tmp_path):
    assert brightness_of(tmp_path, USUAL).mean == IMAGENET_MEAN
