"""Random weights of the whole network, made on the spot and the same on every machine: real paths without anybody's checkpoint.

Alphas are noise, though moderate: neither all 0 nor all 1. A weight is a random whole number times a scale, both exact, because torch's
initialisers use approximations that differ between processors.
"""

from __future__ import annotations

import math
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from pipelines.matanyone.network import MatAnyoneNetwork
from pipelines.matanyone.weights import OPTIONAL

SEED = 20250
HALF_RANGE = 2**15
UNIFORM_STD = math.sqrt(3)
"""A uniform variable on [-a, a] has the standard deviation a / sqrt(3)."""
BIAS_STD, EMBEDDING_STD, NORM_STD = 0.1, 0.5, 0.1
ALPHA_BIAS, ALPHA_GAIN = 0.8, 0.3
"""Of the convolution that gives the alpha: they put most pixels of ordinary frames between 0 and 1."""


def random_weights(seed: int = SEED) -> dict[str, Tensor]:
    """Return all weights that a published checkpoint holds, by name, float32; what a checkpoint may leave out is left out."""
    with torch.device("meta"):
        shapes = {name: tensor.shape for name, tensor in MatAnyoneNetwork().state_dict().items()}
    generator = torch.Generator("cpu").manual_seed(seed)
    weights = {name: _draw(name, shape, generator) for name, shape in sorted(shapes.items()) if not name.endswith(OPTIONAL)}
    weights["mask_decoder.pred_mat.weight"] *= ALPHA_GAIN
    weights["mask_decoder.pred_mat.bias"].fill_(ALPHA_BIAS)
    return weights


def write_random_weights(path: Path, *, seed: int = SEED, dtype: torch.dtype = torch.bfloat16) -> Path:
    """Write the weights as a ``.safetensors`` file, 71 MB in half precision, and return its path."""
    save_file({name: tensor.to(dtype) for name, tensor in random_weights(seed).items()}, path)
    return path


def _draw(name: str, shape: torch.Size, generator: torch.Generator) -> Tensor:
    whole = torch.randint(-HALF_RANGE, HALF_RANGE, shape, generator=generator, dtype=torch.int16)
    values = whole.float().mul_(UNIFORM_STD / HALF_RANGE)
    if name.endswith("running_var"):
        return values.abs_().mul_(2 * NORM_STD).add_(1)
    if name.endswith(("bias", "running_mean")):
        return values.mul_(BIAS_STD)
    if len(shape) == 1:
        return values.mul_(NORM_STD).add_(1)
    if name.startswith("object_transformer.query_"):
        return values.mul_(EMBEDDING_STD)
    return values.mul_(1 / math.sqrt(math.prod(shape[1:])))
