"""From a frame to what a vision model sees: a square of fixed size, with the brightness that it was trained on.

transformers has processors for this, which need torchvision; these few lines do the same with the values that are saved with the model.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional

from pipelines.masks.maker import Frame

FILES = ("preprocessor_config.json", "processor_config.json")
"""Where transformers saves a processor's settings; the second holds those of several processors."""
FULL = 255.0

Triple = tuple[float, float, float]
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
HALF: Triple = (0.5, 0.5, 0.5)


@dataclass(frozen=True)
class Brightness:
    """Mean and standard deviation of red, green and blue in [0, 1], which are taken away and divided by."""

    mean: Triple
    std: Triple

    def normalised(self, rgb: torch.Tensor) -> torch.Tensor:
        """Return values around 0 of values in [0, 255], (1, 3, height, width)."""
        mean, std = (torch.tensor(values, device=rgb.device).view(1, 3, 1, 1) for values in (self.mean, self.std))
        return (rgb / FULL - mean) / std


def brightness_of(folder: Path, usual: Brightness) -> Brightness:
    """Return the settings saved with a model, or those of its family where none are saved.

    Raises:
        ValueError, TypeError: when what is saved cannot be read.
    """
    for name in FILES:
        if (folder / name).exists():
            saved = _image_settings(json.loads((folder / name).read_text("utf-8")))
            return Brightness(_triple(saved, "image_mean", usual.mean), _triple(saved, "image_std", usual.std))
    return usual


def squared(frame: Frame, side: int, brightness: Brightness, device: torch.device) -> torch.Tensor:
    """Return float32 (1, 3, side, side): the whole frame, its shape not kept.

    Sizes change with an antialiased bilinear filter, and pixels are whole numbers afterwards, as in the published processors.
    """
    rgb = to_tensor(frame, device)
    small = functional.interpolate(rgb, (side, side), mode="bilinear", align_corners=False, antialias=True)
    return brightness.normalised(small.round().clamp(0, FULL))


def to_tensor(frame: Frame, device: torch.device) -> torch.Tensor:
    """Return a frame as float32 (1, 3, height, width) in [0, 255]."""
    return torch.from_numpy(frame.copy()).to(device).permute(2, 0, 1).unsqueeze(0).to(torch.float32)


def _image_settings(saved: Any) -> Mapping[str, Any]:
    settings = saved.get("image_processor", saved) if isinstance(saved, dict) else None
    if not isinstance(settings, dict):
        raise TypeError("the settings of the model's image processor are no table")
    return settings


def _triple(saved: Mapping[str, Any], key: str, usual: Triple) -> Triple:
    red, green, blue = (float(value) for value in saved.get(key, usual))
    return red, green, blue
