"""How torch and the libraries on it are set up in a worker, in one place."""

from __future__ import annotations

import os

import diffusers
import torch
import transformers

from config.catalogue import PipelineSettings
from pipelines.device import DeviceInfo

ATTENTION_VARIABLE = "DIFFUSERS_ATTN_BACKEND"


def configure_torch(threads: int | None) -> None:
    """Set threads and deterministic kernels, and silence the libraries' progress bars."""
    if threads is not None:
        torch.set_num_threads(threads)
    # The autotuner of cuDNN may choose another kernel, and so other bits, from run to run.
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = True
    diffusers.utils.logging.disable_progress_bar()
    transformers.utils.logging.disable_progress_bar()


def torch_device(device: DeviceInfo) -> torch.device:
    """Return torch's name of a device; CUDA numbers only the GPUs that are visible to this process."""
    if device.kind == "cpu":
        return torch.device("cpu")
    for index in range(torch.cuda.device_count()):
        if str(torch.cuda.get_device_properties(index).uuid) == device.uuid.removeprefix("GPU-"):
            return torch.device("cuda", index)
    # A MIG slice has a UUID that torch does not tell; the worker is pinned to it, so it is the only one visible.
    return torch.device("cuda", 0)


def main_dtype(settings: PipelineSettings, device: DeviceInfo) -> torch.dtype:
    """Return the dtype of weights: the catalogue's; float32 on a CPU whose entry names none."""
    if device.kind == "cpu" and "dtype" not in settings.model_fields_set:
        return torch.float32
    return dtype_of(settings.dtype)


def dtype_of(name: str) -> torch.dtype:
    """Return torch's dtype of a name such as ``bfloat16``."""
    dtype = getattr(torch, name)
    if not isinstance(dtype, torch.dtype):
        raise TypeError(f"{name} is no dtype")
    return dtype


def dtype_name(dtype: torch.dtype) -> str:
    """Return the name of a dtype without torch's prefix."""
    return str(dtype).removeprefix("torch.")


def attention_backend() -> str:
    """Return the name of the attention implementation that diffusers dispatches to."""
    return os.environ.get(ATTENTION_VARIABLE, "native").lower()


def synchronize(device: torch.device) -> None:
    """Wait for the device, so that a time taken afterwards is that of the work and not of its submission."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
