"""Which of several workers on one host this is, which device that gives it, and pinning to it."""

from __future__ import annotations

import os

from pipelines.device import CPU_SLOT_VARIABLE, VISIBLE_VARIABLE, DeviceInfo, detect_device

HONCHO_VARIABLE = "HONCHO_PROCESS_NAME"
"""``gpu.1`` for the first of honcho's gpu processes."""


def slot_from_environment() -> int:
    """Return this worker's number on its host from 0, as honcho or ``REEL_CPU_SLOT`` gives it."""
    _, _, number = os.environ.get(HONCHO_VARIABLE, "").rpartition(".")
    if number.isdigit():
        return int(number) - 1
    given = os.environ.get(CPU_SLOT_VARIABLE, "")
    return int(given) if given.isdigit() else 0


def device_of_slot(choice: str, slot: int) -> DeviceInfo:
    """Return the device of a slot: an explicit choice stands; ``auto`` gives slot 2 the GPU with index 2, or the CPU where there is no GPU.

    Raises:
        InvalidConfig: when there is no such device.
    """
    if choice == "auto" and detect_device("auto", cpu_slot=slot).kind == "cuda":
        return detect_device(str(slot))
    return detect_device(choice, cpu_slot=slot)


def pin(device: DeviceInfo) -> None:
    """Leave one device visible to this process and its children; must run before anything imports torch."""
    if device.kind == "cuda":
        os.environ.update({VISIBLE_VARIABLE: device.uuid, "REEL_DEVICE": device.uuid})
    else:
        os.environ.update({VISIBLE_VARIABLE: "", "REEL_DEVICE": "cpu", CPU_SLOT_VARIABLE: str(device.index)})
