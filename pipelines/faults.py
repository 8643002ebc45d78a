"""Says in the contract's errors what torch, CUDA and diffusers say in their own."""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch

from reelfleet.contract.errors import DeviceLost, FleetError, InvalidRequest, ModelLoadFailed, OutOfMemory
from reelfleet.contract.job import Phase

OUT_OF_MEMORY = re.compile(
    r"out of memory|can't allocate memory|cannot allocate memory|not enough memory|CUBLAS_STATUS_ALLOC_FAILED|bad_alloc", re.IGNORECASE
)
HOST_MEMORY = re.compile(r"MemoryError|DefaultCPUAllocator|can't allocate memory|cannot allocate memory|bad_alloc", re.IGNORECASE)
DEVICE_LOST = re.compile(
    r"CUDA error|cuDNN error|CUBLAS_STATUS_|CUDNN_STATUS_|device-side assert|unspecified launch failure|illegal memory access"
    r"|uncorrectable ECC|fallen off the bus|No CUDA GPUs are available|driver shutting down",
    re.IGNORECASE,
)

AUTOENCODERS = "diffusers/models/autoencoders/"


@contextmanager
def translated(model: str, doing: Callable[[], str]) -> Iterator[None]:
    """Turn faults of memory and device, and refusals by the pipeline's own checks, into typed errors; let others pass.

    Args:
        model: for messages.
        doing: what was being done, asked when something fails.
    """
    try:
        yield
    except FleetError:
        raise
    except Exception as error:
        known = _known(error, model, doing())
        if known is None:
            raise
        raise known from error


@contextmanager
def translated_load(model: str) -> Iterator[None]:
    """As :func:`translated`, and every other fault is a :class:`ModelLoadFailed` naming the model and the reason."""
    try:
        with translated(model, lambda: "loading"):
            yield
    except FleetError:
        raise
    except Exception as error:
        raise ModelLoadFailed(
            f"{model}: loading failed: {type(error).__name__}: {error}; check the model's source in the catalogue and its files",
            details={"model": model, "type": type(error).__name__},
        ) from error


def _known(error: Exception, model: str, doing: str) -> FleetError | None:
    text = f"{type(error).__name__}: {error}"
    details = {"model": model, "doing": doing, "type": type(error).__name__}
    if isinstance(error, torch.OutOfMemoryError | MemoryError) or (isinstance(error, RuntimeError) and OUT_OF_MEMORY.search(text)):
        host = not isinstance(error, torch.OutOfMemoryError) and HOST_MEMORY.search(text)
        return OutOfMemory(
            f"{model}: out of memory while {doing}; ask for a smaller size or fewer frames, or serve it on a larger device ({text})",
            details={**details, "memory": "host" if host else "device", "vae_at_work": doing == Phase.DECODE.value or _in_vae(error)},
        )
    if isinstance(error, torch.AcceleratorError) or (isinstance(error, RuntimeError) and DEVICE_LOST.search(text)):
        return DeviceLost(f"{model}: the device failed while {doing}; the worker must be replaced ({text})", details=details)
    if isinstance(error, ValueError | TypeError) and _refused_by_checks(error):
        return InvalidRequest.of([{"field": "request", "problem": f"{model} refuses it: {error}"}])
    return None


def _in_vae(error: Exception) -> bool:
    """Whether the error comes out of a VAE: images are encoded by one in the middle of a pipeline's call."""
    return any(AUTOENCODERS in frame.filename for frame in traceback.extract_tb(error.__traceback__))


def _refused_by_checks(error: Exception) -> bool:
    """Whether the error comes out of the pipeline's check of its arguments, which repeating does not mend."""
    return any(frame.name == "check_inputs" for frame in traceback.extract_tb(error.__traceback__))
