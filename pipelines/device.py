"""Finds the device of this process without importing torch, so that CUDA can still be pinned afterwards."""

from __future__ import annotations

import os
import platform
import socket
from pathlib import Path
from typing import Any, Literal

import pynvml
from pydantic import Field

from reelfleet.contract.base import Frozen
from reelfleet.contract.errors import InvalidConfig

CPU_SLOT_VARIABLE = "REEL_CPU_SLOT"
VISIBLE_VARIABLE = "CUDA_VISIBLE_DEVICES"


class DeviceInfo(Frozen):
    """One device that computes."""

    kind: Literal["cpu", "cuda"]
    uuid: str = Field(description="GPU-… or MIG-… as NVML names it; cpu:<host>:<slot> for a CPU")
    name: str = Field(description="the maker's name")
    index: int = Field(default=0, ge=0, description="NVML's index, in PCI order; the slot for a CPU")
    memory_bytes: int = Field(ge=1, description="memory of the device; of the machine for a CPU")


def detect_device(choice: str = "auto", *, cpu_slot: int | None = None) -> DeviceInfo:
    """Return the device that a setting names.

    Args:
        choice: ``cpu``; ``cuda`` (the first GPU that ``CUDA_VISIBLE_DEVICES`` leaves visible); an NVML index; a GPU
            or MIG UUID, also shortened; ``auto`` (as ``cuda`` if there is a GPU, else ``cpu``).
        cpu_slot: tells apart several workers on one CPU; ``None`` reads ``REEL_CPU_SLOT``, else 0.

    Raises:
        InvalidConfig: when there is no such device.
    """
    if choice == "cpu":
        return _cpu(cpu_slot)
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as error:
        if choice == "auto":
            return _cpu(cpu_slot)
        raise InvalidConfig(
            f"device {choice!r}: no NVIDIA driver answers here ({error}); set REEL_DEVICE=cpu to compute on the CPU"
        ) from error
    try:
        names = _visible()
        if choice == "auto" and not names:
            return _cpu(cpu_slot)
        return _gpu(_named(choice, names))
    except pynvml.NVMLError as error:
        raise InvalidConfig(f"device {choice!r}: NVML says {error}; `nvidia-smi -L` lists the devices") from error
    finally:
        pynvml.nvmlShutdown()


def _visible() -> list[str]:
    """Return indices and UUIDs in the order in which CUDA would show them."""
    count = pynvml.nvmlDeviceGetCount()
    listed = os.environ.get(VISIBLE_VARIABLE)
    if listed is None:
        return [str(index) for index in range(count)]
    return [name.strip() for name in listed.split(",") if name.strip() and name.strip() != "-1"]


def _named(choice: str, visible: list[str]) -> str:
    if choice not in {"auto", "cuda"}:
        return choice
    if not visible:
        raise InvalidConfig(
            f"device {choice!r}: there is no GPU, or {VISIBLE_VARIABLE} hides all; set REEL_DEVICE=cpu to compute on the CPU"
        )
    return visible[0]


def _gpu(name: str) -> DeviceInfo:
    handle = pynvml.nvmlDeviceGetHandleByIndex(int(name)) if name.isdigit() else _by_uuid(name)
    uuid = str(pynvml.nvmlDeviceGetUUID(handle))
    whole = pynvml.nvmlDeviceGetDeviceHandleFromMigDeviceHandle(handle) if uuid.startswith("MIG-") else handle
    return DeviceInfo(
        kind="cuda",
        uuid=uuid,
        name=str(pynvml.nvmlDeviceGetName(handle)),
        index=int(pynvml.nvmlDeviceGetIndex(whole)),
        memory_bytes=int(pynvml.nvmlDeviceGetMemoryInfo(handle).total),
    )


def _by_uuid(name: str) -> Any:
    if name.startswith("MIG-"):
        return pynvml.nvmlDeviceGetHandleByUUID(name)
    for index in range(pynvml.nvmlDeviceGetCount()):
        handle = pynvml.nvmlDeviceGetHandleByIndex(index)
        if str(pynvml.nvmlDeviceGetUUID(handle)).startswith(name):
            return handle
    raise InvalidConfig(f"device {name!r}: no GPU has this UUID; `nvidia-smi -L` lists them")


def _cpu(cpu_slot: int | None) -> DeviceInfo:
    slot = os.environ.get(CPU_SLOT_VARIABLE, "0") if cpu_slot is None else str(cpu_slot)
    if not slot.isdigit():
        raise InvalidConfig(f"{CPU_SLOT_VARIABLE}={slot!r}: write a whole number from 0")
    return DeviceInfo(
        kind="cpu",
        uuid=f"cpu:{socket.gethostname()}:{slot}",
        name=_processor_name(),
        index=int(slot),
        memory_bytes=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
    )


def _processor_name() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text("utf-8", errors="replace").splitlines() if info.exists() else []
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()
