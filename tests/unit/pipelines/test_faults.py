"""What torch and CUDA say becomes what the contract says."""

from __future__ import annotations

import pytest
import torch

from pipelines.faults import translated, translated_load
from reelfleet.contract.errors import Aborted, DeviceLost, InvalidRequest, ModelLoadFailed, OutOfMemory
from tests.fixtures.observer import RecordingObserver


def _translate(error: BaseException) -> None:
    with translated("some-model", lambda: "decode"):
        raise error


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB"),
        MemoryError(),
        RuntimeError("[enforce fail at alloc_cpu.cpp:126] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes."),
        RuntimeError("CUDA error: out of memory"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        RuntimeError("std::bad_alloc"),
    ],
)
def test_lack_of_memory(error):
    with pytest.raises(OutOfMemory, match=r"some-model: out of memory while decode") as caught:
        _translate(error)

    assert caught.value.__cause__ is error


@pytest.mark.parametrize(
    "error",
    [
        torch.AcceleratorError("CUDA error: an illegal memory access was encountered"),
        RuntimeError("CUDA error: device-side assert triggered"),
        RuntimeError("CUDA error: uncorrectable ECC error encountered"),
        RuntimeError("cuDNN error: CUDNN_STATUS_EXECUTION_FAILED"),
        RuntimeError("CUDA error: unspecified launch failure"),
    ],
)
def test_lost_device(error):
    with pytest.raises(DeviceLost, match="some-model: the device failed while decode") as caught:
        _translate(error)

    assert caught.value.worker_fatal


@pytest.mark.parametrize(
    "error", [RuntimeError("mat1 and mat2 shapes cannot be multiplied"), KeyError("x"), ValueError("odd"), KeyboardInterrupt()]
)
def test_other_faults_pass_unchanged(error):
    with pytest.raises(type(error)) as caught:
        _translate(error)

    assert caught.value is error


def test_typed_errors_pass_unchanged():
    error = Aborted("enough")

    with pytest.raises(Aborted) as caught:
        _translate(error)

    assert caught.value is error


def test_refusal_by_the_pipelines_own_checks_is_an_invalid_request(make_studio, as_entry):
    # Given: a catalogue that allows sizes which the pipeline does not take
    studio = make_studio(
        [
            as_entry(
                "tiny-ltx",
                "mine",
                card={"limits": {"size_multiple": 8, "max_pixels": 10_000, "frame_rule": "4n+1", "max_frames": 9, "max_steps": 9}},
            )
        ]
    )

    # When / Then
    with pytest.raises(InvalidRequest, match="divisible by 32 but are 24 and 40"):
        studio.generate("mine", size="40x24")


def test_everything_else_in_loading_is_a_load_failure():
    with pytest.raises(ModelLoadFailed, match="some-model: loading failed: KeyError: 'vae'"), translated_load("some-model"):
        raise KeyError("vae")


def test_lack_of_memory_in_loading_is_that():
    with pytest.raises(OutOfMemory, match="while loading"), translated_load("some-model"):
        raise torch.OutOfMemoryError("CUDA out of memory")


def test_device_lost_while_cleaning_up_is_still_told(make_studio, monkeypatch):
    # Given: after an illegal access every call to CUDA fails, cleaning up too
    studio = make_studio()
    studio.engine.warm("tiny-wan")
    lost = torch.AcceleratorError("CUDA error: an illegal memory access was encountered")

    def fail(*_: object) -> None:
        raise lost

    monkeypatch.setattr(studio.engine._models.get("tiny-wan").pipeline, "maybe_free_model_hooks", fail)

    # When / Then
    with pytest.raises(DeviceLost):
        studio.generate("tiny-wan", observer=RecordingObserver(on_advance=fail))
