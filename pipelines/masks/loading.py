"""Loads mask makers the one way that there is: named class, safetensors, nothing from the network, no code from the model's folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from transformers import CLIPTokenizer, Sam2Model, Sam3Model

from config.catalogue import MaskMakerEntry
from config.settings import Settings
from pipelines.device import DeviceInfo
from pipelines.faults import translated_load
from pipelines.load_report import refusing_holes
from pipelines.masks import sam2, sam3
from pipelines.masks.maker import MaskMaker
from pipelines.masks.pixels import brightness_of
from pipelines.matting.weights import locate_weights
from pipelines.torch_setup import dtype_of, torch_device


def load_mask_maker(entry: MaskMakerEntry, settings: Settings, device: DeviceInfo) -> MaskMaker:
    """Find a mask maker's weights, load them, and put them on their device.

    Raises:
        ModelLoadFailed: for anything wrong with the weights, and for weights that are not on this machine, with the way to get them.
        OutOfMemory, DeviceLost: as they are.
    """
    with translated_load(entry.name):
        (folder,) = locate_weights(entry, settings)
        target, dtype = torch_device(device), dtype_of(entry.dtype)
        if entry.card.family == "sam2":
            return sam2.Sam2MaskMaker(entry.card, load_sam2(entry.name, folder, entry.source.variant, target, dtype))
        model = load_model(Sam3Model, entry.name, folder, entry.source.variant, target, dtype)
        tokenizer = CLIPTokenizer.from_pretrained(str(folder), local_files_only=True)
        return sam3.Sam3MaskMaker(entry.card, model, tokenizer, brightness_of(folder, sam3.USUAL))


def load_sam2(name: str, folder: Path, variant: str | None, device: torch.device, dtype: torch.dtype) -> sam2.Sam2:
    """Return SAM 2 from a folder; checkpoints of its video model are taken too, of which the picture's part is read.

    Raises:
        ModelLoadFailed: when weights are missing from the files.
    """
    return sam2.Sam2(load_model(Sam2Model, name, folder, variant, device, dtype), brightness_of(folder, sam2.USUAL))


def load_model(cls: Any, name: str, folder: Path, variant: str | None, device: torch.device, dtype: torch.dtype) -> Any:
    """Return a transformers model from a folder, ready to infer.

    Raises:
        ModelLoadFailed: when weights are missing from the files.
    """
    with refusing_holes(name):
        model = cls.from_pretrained(str(folder), dtype=dtype, variant=variant, use_safetensors=True, local_files_only=True)
    return model.requires_grad_(requires_grad=False).eval().to(device)
