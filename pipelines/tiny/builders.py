"""The tiny models by name; each builder file is imported only when its model is made."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

TINY_MODELS: dict[str, str] = {
    "tiny-wan": "pipelines.tiny.wan:text_to_video",
    "tiny-wan22": "pipelines.tiny.wan:two_experts",
    "tiny-wan-i2v": "pipelines.tiny.wan:image_to_video",
    "tiny-ltx": "pipelines.tiny.ltx:text_to_video",
    "tiny-ltx2": "pipelines.tiny.ltx2:text_to_video_with_audio",
    "tiny-flux": "pipelines.tiny.flux:text_to_image",
    "tiny-sam2": "pipelines.tiny.sam2:masks_of_points",
    "tiny-sam3": "pipelines.tiny.sam3:masks_of_words",
    "tiny-vitmatte": "pipelines.tiny.vitmatte:alphas_of_masks",
    "tiny-matanyone": "pipelines.tiny.matanyone:network",
}
"""Where the function is that returns each model, ready to be saved."""


def build(name: str, folder: Path) -> None:
    """Make a tiny model and write it to ``folder`` with safetensors weights."""
    import torch  # noqa: PLC0415 - the list of names must be readable without torch

    module, function = TINY_MODELS[name].split(":")
    with torch.random.fork_rng(devices=[]):
        model = getattr(import_module(module), function)()
        model.save_pretrained(str(folder), safe_serialization=True)
