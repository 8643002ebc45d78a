"""Loads a matting model, whatever its family, behind the one interface."""

from __future__ import annotations

from config.catalogue import MattingEntry
from config.settings import Settings
from pipelines.device import DeviceInfo
from pipelines.faults import translated_load
from pipelines.matanyone.model import load_matanyone
from pipelines.matting.backend import MattingModel
from pipelines.matting.weights import locate_weights
from pipelines.torch_setup import torch_device
from pipelines.vitmatte import load_vitmatte


def load_matting_model(entry: MattingEntry, settings: Settings, device: DeviceInfo) -> MattingModel:
    """Find a model's weights, load them, and put them on their device.

    Weights are float32; a run that is started with precision ``fast`` computes in less.

    Raises:
        ModelLoadFailed: for anything wrong with the weights, and for weights that are not on this machine, with the way to get them.
        InvalidConfig: for what the catalogue's entry cannot mean.
        OutOfMemory, DeviceLost: as they are.
    """
    if entry.card.family == "vitmatte":
        return load_vitmatte(entry, settings, device)
    with translated_load(entry.name):
        (file,) = locate_weights(entry, settings)
        return load_matanyone(file, device=torch_device(device))
