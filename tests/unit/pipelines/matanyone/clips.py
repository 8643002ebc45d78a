"""Weights, a clip and a mask that come out the same on every machine."""

from __future__ import annotations

import zlib

import numpy as np
import torch

from pipelines.matanyone import MatAnyoneNetwork

HEIGHT, WIDTH, FRAMES, WARM_UP = 100, 131, 32, 2
COMPUTED = ("num_batches_tracked", "inv_freq")


def expected_shapes() -> dict[str, tuple[int, ...]]:
    with torch.device("meta"):
        return {key: tuple(value.shape) for key, value in MatAnyoneNetwork().state_dict().items()}


def hollow() -> dict[str, torch.Tensor]:
    """All tensors in their shapes, each a view of one number, so that a file of them is small."""
    return {key: torch.zeros(1).expand(shape) if shape else torch.tensor(0) for key, shape in expected_shapes().items()}


def made_weights() -> dict[str, torch.Tensor]:
    """Weights that follow from names and shapes alone, scaled so that alphas spread over 0 to 1."""
    weights = {key: torch.from_numpy(_values(key, shape)) for key, shape in expected_shapes().items() if not key.endswith(COMPUTED)}
    weights["mask_decoder.pred_mat.bias"].fill_(1.8)
    weights["mask_decoder.pred_mat.weight"].mul_(0.3)
    return weights


def _values(key: str, shape: tuple[int, ...]) -> np.ndarray:
    noise = np.random.RandomState(zlib.crc32(key.encode())).standard_normal(shape).astype(np.float32)
    if key.endswith("running_var"):
        return (1 + 0.2 * np.abs(noise)).astype(np.float32)
    if key.endswith(("running_mean", ".bias", "in_proj_bias")):
        return 0.1 * noise
    if len(shape) == 1:
        return (1 + 0.1 * noise).astype(np.float32)
    if key.startswith("object_transformer.query_"):
        return 0.5 * noise
    return (noise / np.sqrt(np.prod(shape[1:]))).astype(np.float32)


def frame(t: int, height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    """Moving waves and a disc that moves through them, uint8 (H, W, 3)."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    rgb = np.stack([0.5 + 0.5 * np.sin(x * 0.07 * (i + 1) + y * 0.05 * (3 - i) + 0.3 * t + i) for i in range(3)], axis=-1)
    disc = ((x - 50 - 2 * t) ** 2 + (y - 50) ** 2) < 22**2
    rgb[disc] = rgb[disc] * 0.3 + 0.6
    return np.round(np.clip(rgb, 0, 1) * 255).astype(np.uint8)


def mask(height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    """The disc of frame 0, uint8 (H, W), 0 or 255."""
    y, x = np.mgrid[0:height, 0:width]
    return (((x - 50) ** 2 + (y - 50) ** 2) < 22**2).astype(np.uint8) * 255
