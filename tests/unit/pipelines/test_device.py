"""Finding the device; NVML is played by a double, for there is no GPU in a test."""

from __future__ import annotations

import socket
import subprocess
import sys
from types import SimpleNamespace

import pytest
import torch

from pipelines.device import detect_device
from pipelines.placement import place
from pipelines.torch_setup import torch_device
from reelfleet.contract.errors import InvalidConfig

GIB = 1024**3


class NvmlError(Exception):
    """What NVML raises."""


class Nvml:
    """Two GPUs, the second with a MIG slice."""

    NVMLError = NvmlError
    uuids = ("GPU-aaaa1111", "GPU-bbbb2222", "MIG-cccc3333")

    def __init__(self, *, driver: bool = True) -> None:
        self.driver = driver
        self.open = 0

    def nvmlInit(self) -> None:  # noqa: N802 - NVML's name
        if not self.driver:
            raise NvmlError("Driver Not Loaded")
        self.open += 1

    def nvmlShutdown(self) -> None:  # noqa: N802 - NVML's name
        self.open -= 1

    def nvmlDeviceGetCount(self) -> int:  # noqa: N802 - NVML's name
        return 2

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:  # noqa: N802 - NVML's name
        if index >= 2:
            raise NvmlError("Invalid Argument")
        return index

    def nvmlDeviceGetHandleByUUID(self, uuid: str) -> int:  # noqa: N802 - NVML's name
        if uuid not in self.uuids:
            raise NvmlError("Not Found")
        return self.uuids.index(uuid)

    def nvmlDeviceGetDeviceHandleFromMigDeviceHandle(self, _: int) -> int:  # noqa: N802 - NVML's name
        return 1

    def nvmlDeviceGetUUID(self, handle: int) -> str:  # noqa: N802 - NVML's name
        return self.uuids[handle]

    def nvmlDeviceGetName(self, handle: int) -> str:  # noqa: N802 - NVML's name
        return f"NVIDIA {handle}"

    def nvmlDeviceGetIndex(self, handle: int) -> int:  # noqa: N802 - NVML's name
        return handle

    def nvmlDeviceGetMemoryInfo(self, _: int) -> SimpleNamespace:  # noqa: N802 - NVML's name
        return SimpleNamespace(total=24 * GIB)


@pytest.fixture
def nvml(monkeypatch) -> Nvml:
    double = Nvml()
    monkeypatch.setattr("pipelines.device.pynvml", double)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return double


@pytest.fixture
def no_driver(monkeypatch) -> None:
    monkeypatch.setattr("pipelines.device.pynvml", Nvml(driver=False))


def test_cpu_is_named_by_host_and_slot(monkeypatch):
    # Given
    monkeypatch.setenv("REEL_CPU_SLOT", "3")

    # When
    device = detect_device("cpu")

    # Then
    assert (device.kind, device.uuid, device.index) == ("cpu", f"cpu:{socket.gethostname()}:3", 3)
    assert device.memory_bytes > GIB
    assert device.name


def test_slot_may_be_given(monkeypatch):
    monkeypatch.setenv("REEL_CPU_SLOT", "3")

    assert detect_device("cpu", cpu_slot=1).uuid.endswith(":1")


def test_slot_that_is_no_number_is_refused(monkeypatch):
    monkeypatch.setenv("REEL_CPU_SLOT", "first")

    with pytest.raises(InvalidConfig, match="REEL_CPU_SLOT='first'"):
        detect_device("cpu")


@pytest.mark.parametrize(
    ("choice", "uuid"),
    [
        ("auto", "GPU-aaaa1111"),
        ("cuda", "GPU-aaaa1111"),
        ("1", "GPU-bbbb2222"),
        ("GPU-bbbb2222", "GPU-bbbb2222"),
        ("GPU-bbbb", "GPU-bbbb2222"),
        ("MIG-cccc3333", "MIG-cccc3333"),
    ],
)
def test_gpu_by_choice(nvml, choice, uuid):
    # When
    device = detect_device(choice)

    # Then
    assert (device.kind, device.uuid, device.memory_bytes) == ("cuda", uuid, 24 * GIB)
    assert device.index == (0 if uuid == "GPU-aaaa1111" else 1)
    assert nvml.open == 0


@pytest.mark.parametrize(("visible", "uuid"), [("1", "GPU-bbbb2222"), ("MIG-cccc3333", "MIG-cccc3333"), ("GPU-bbbb2222,0", "GPU-bbbb2222")])
def test_first_visible_gpu_is_taken(nvml, monkeypatch, visible, uuid):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)

    assert detect_device("cuda").uuid == uuid


@pytest.mark.parametrize("hidden", ["", "-1"])
def test_hidden_gpus_leave_the_cpu(nvml, monkeypatch, hidden):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)

    assert detect_device("auto").kind == "cpu"
    with pytest.raises(InvalidConfig, match="CUDA_VISIBLE_DEVICES hides all"):
        detect_device("cuda")


def test_without_a_driver_auto_is_the_cpu(no_driver):
    assert detect_device("auto").kind == "cpu"


@pytest.mark.parametrize("choice", ["cuda", "0", "GPU-aaaa1111"])
def test_without_a_driver_a_named_gpu_is_refused(no_driver, choice):
    with pytest.raises(InvalidConfig, match=r"Driver Not Loaded.*REEL_DEVICE=cpu"):
        detect_device(choice)


@pytest.mark.parametrize("choice", ["7", "GPU-dead", "MIG-dead"])
def test_gpu_that_does_not_exist_is_refused(nvml, choice):
    with pytest.raises(InvalidConfig, match=f"device '{choice}'"):
        detect_device(choice)


def test_detection_does_not_import_torch():
    # When
    code = "import sys; from pipelines.device import detect_device; detect_device('auto'); sys.exit('torch' in sys.modules)"

    # Then
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_cuda_is_found_by_uuid_among_visible_devices(nvml, monkeypatch):
    # Given
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda index: SimpleNamespace(uuid=("aaaa1111", "bbbb2222")[index]))

    # When / Then
    assert torch_device(detect_device("1")) == torch.device("cuda", 1)
    assert torch_device(detect_device("MIG-cccc3333")) == torch.device("cuda", 0)


class Placed:
    """A pipeline that notes where it is put."""

    def __init__(self) -> None:
        self.done: list[tuple[str, torch.device]] = []

    def to(self, device: torch.device) -> None:
        self.done.append(("to", device))

    def enable_model_cpu_offload(self, *, device: torch.device) -> None:
        self.done.append(("offload", device))


@pytest.mark.parametrize(("memory_gib", "how"), [(24, "to"), (24.1, "offload")])
def test_model_that_does_not_fit_is_offloaded_with_a_note(nvml, monkeypatch, as_entry, memory_gib, how):
    # Given
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    pipeline = Placed()

    # When
    degraded = place(pipeline, as_entry("tiny-wan", "mine", card={"memory_gib": memory_gib}), detect_device("0"))

    # Then
    assert pipeline.done == [(how, torch.device("cuda", 0))]
    assert ["degraded (model_offload): mine is estimated at 24.1 GiB" in one.note for one in degraded] == [True] * (how == "offload")
