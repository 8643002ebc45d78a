"""From a published checkpoint to a network that is known to be whole."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from pipelines.matanyone.folding import fold_norms
from pipelines.matanyone.network import MatAnyoneNetwork
from pipelines.matanyone.positions import frequencies
from reelfleet.contract.errors import InputMissing, InvalidConfig, ModelLoadFailed

OPTIONAL = ("num_batches_tracked", "inv_freq")
"""Buffers that inference does not read or that follow from the architecture; a checkpoint may leave them out."""
ONE_TARGET_INPUTS = {"mask_encoder.conv1.weight": 4, "pixel_fuser.sensory_compress.weight": 257}
"""Weights to which checkpoints for several targets add one input channel, for the other targets' masks."""
DTYPES = (torch.float32, torch.float16, torch.bfloat16)
NAMED = 8
"""Keys of a kind that a message names; all of them are in the error's details."""


def load_network(
    source: str | Path | Mapping[str, Tensor], *, device: str | torch.device = "cpu", dtype: torch.dtype = torch.float32
) -> MatAnyoneNetwork:
    """Return the network with these weights, ready to infer.

    Args:
        source: a ``.safetensors`` file, a ``.pth`` or ``.pt`` file (read without running any code in it), or a state dict. Checkpoints
            of MatAnyone and MatAnyone 2 have the same names. Tensors of a state dict may be shared with the network.
        device: where it computes.
        dtype: of the weights; parts that must stay float32 do.

    Raises:
        InputMissing: there is no such file.
        ModelLoadFailed: the file cannot be read, or keys are missing, unexpected or of the wrong shape; message and details name them.
        InvalidConfig: another ``dtype`` than float32, float16 or bfloat16.
    """
    if dtype not in DTYPES:
        raise InvalidConfig(f"dtype is {dtype}; it must be one of {', '.join(map(str, DTYPES))}")
    tensors = dict(source) if isinstance(source, Mapping) else _read(Path(source))
    with torch.device("meta"):
        network = MatAnyoneNetwork()
    expected = network.state_dict()
    tensors = _for_one_target(tensors)
    _check(tensors, expected)
    network.load_state_dict({key: _cast(key, tensors.get(key), like) for key, like in expected.items()}, assign=True)
    network.requires_grad_(requires_grad=False).eval()
    fold_norms(network)
    network.to(dtype)
    network.settle()
    network.to(device)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch takes it and its stubs leave it out
    network.mask_encoder.sensory_update.float()
    network.mask_decoder.sensory_update.transform.float()
    network.mask_decoder.pred_mat.float()
    network.object_summarizer.feature_pred.float()
    network.object_summarizer.weights_pred.float()
    return network


def _read(path: Path) -> dict[str, Tensor]:
    if not path.is_file():
        raise InputMissing(
            f"there is no file {path}; MatAnyone's weights are not shipped, download them from their authors and name the file"
        )
    try:
        loaded = load_file(path) if path.suffix == ".safetensors" else torch.load(path, map_location="cpu", weights_only=True)
    except (SafetensorError, pickle.UnpicklingError, RuntimeError, EOFError, ValueError) as error:
        raise ModelLoadFailed(
            f"{path.name} cannot be read as plain tensors ({type(error).__name__}); it is damaged, no checkpoint, or holds code, which is never run"
        ) from error
    if not isinstance(loaded, dict) or not all(isinstance(key, str) and isinstance(value, Tensor) for key, value in loaded.items()):
        raise ModelLoadFailed(
            f"{path.name} holds something else than a flat mapping of names to tensors; take the published file of weights"
        )
    return loaded


def _for_one_target(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors without the input channel for other targets' masks, which is zero for one target."""
    return {
        key: value[:, : ONE_TARGET_INPUTS[key]] if value.dim() > 1 and value.shape[1] - 1 == ONE_TARGET_INPUTS.get(key) else value
        for key, value in tensors.items()
    }


def _check(tensors: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> None:
    missing = sorted(key for key in expected if key not in tensors and not key.endswith(OPTIONAL))
    unexpected = sorted(key for key in tensors if key not in expected)
    shapes = [
        f"{key} is {tuple(tensors[key].shape)} instead of {tuple(like.shape)}"
        for key, like in expected.items()
        if key in tensors and tensors[key].shape != like.shape
    ]
    problems = {kind: keys for kind, keys in (("missing", missing), ("unexpected", unexpected), ("of the wrong shape", shapes)) if keys}
    if problems:
        said = "; ".join(f"{len(keys)} {kind}: {_some(keys)}" for kind, keys in problems.items())
        raise ModelLoadFailed(f"these weights are not MatAnyone's ({said}); take a published checkpoint", details={"problems": problems})


def _some(keys: list[str]) -> str:
    return ", ".join(keys[:NAMED]) + (f" and {len(keys) - NAMED} more" if len(keys) > NAMED else "")


def _cast(key: str, tensor: Tensor | None, like: Tensor) -> Tensor:
    if tensor is not None:
        return tensor.to(like.dtype)
    return frequencies() if key.endswith("inv_freq") else torch.zeros(like.shape, dtype=like.dtype)
