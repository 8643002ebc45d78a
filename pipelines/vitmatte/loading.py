"""Loads SAM 2 and ViTMatte as one matting model."""

from __future__ import annotations

import hashlib

import torch
from transformers import VitMatteForImageMatting

from config.catalogue import MattingEntry
from config.settings import Settings
from pipelines.device import DeviceInfo
from pipelines.faults import translated_load
from pipelines.masks.loading import load_model, load_sam2
from pipelines.masks.pixels import brightness_of
from pipelines.matting.weights import locate_weights
from pipelines.torch_setup import torch_device
from pipelines.vitmatte.model import VitMatteModel
from pipelines.vitmatte.network import USUAL, VitMatte
from pipelines.weight_hashes import settings_sha256


def load_vitmatte(entry: MattingEntry, settings: Settings, device: DeviceInfo) -> VitMatteModel:
    """Find the weights of both models, load them in float32, and put them on their device.

    Raises:
        ModelLoadFailed: for anything wrong with the weights, and for weights that are not on this machine, with the way to get them.
        OutOfMemory, DeviceLost: as they are.
    """
    with translated_load(entry.name):
        folder, sam_folder = locate_weights(entry, settings)
        target, variant = torch_device(device), entry.source.variant
        model = load_model(VitMatteForImageMatting, entry.name, folder, variant, target, torch.float32)
        sam = load_sam2(entry.name, sam_folder, entry.tracker.variant if entry.tracker else None, target, torch.float32)
        hashes = "".join(settings_sha256(place) for place in (folder, sam_folder))
        return VitMatteModel(sam, VitMatte(model, brightness_of(folder, USUAL)), hashlib.sha256(hashes.encode()).hexdigest())
