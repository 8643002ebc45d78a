"""Memory of a GPU that does not come back; torch's count of it is played by a double, for there is no GPU in a test."""

from __future__ import annotations

import pytest
import torch

from pipelines.leaks import ALLOWANCE_BYTES
from tests.unit.pipelines.short_memory import pretended_gpu


@pytest.fixture
def worker(make_studio, monkeypatch):
    """A studio on a pretended GPU with a warm model."""
    worker = make_studio(device=pretended_gpu(monkeypatch))
    worker.engine.warm("tiny-wan")
    return worker


def _weights(worker) -> int:
    return worker.engine._models.get("tiny-wan").bytes


def _allocated(monkeypatch, *counts: int) -> None:
    """Let torch count so many bytes, one count after the other."""
    left = list(counts)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda _: left.pop(0) if len(left) > 1 else left[0])


def test_weights_of_warm_models_are_no_leak(worker, monkeypatch):
    _allocated(monkeypatch, _weights(worker))

    assert worker.engine.leaked_bytes() == 0


def test_what_libraries_keep_for_themselves_is_no_leak(worker, monkeypatch):
    _allocated(monkeypatch, _weights(worker) + ALLOWANCE_BYTES // 2)

    assert worker.engine.leaked_bytes() == 0


def test_more_than_that_is_told_but_for_the_rounding_of_the_weights(worker, monkeypatch):
    # Given
    extra = 2 * ALLOWANCE_BYTES
    _allocated(monkeypatch, _weights(worker) + extra)

    # When
    leaked = worker.engine.leaked_bytes()

    # Then: each of the tiny tensors takes a block of 512 bytes
    assert extra - 2**20 < leaked < extra


def test_weights_that_were_let_go_and_are_still_there_are_a_leak(worker, monkeypatch):
    # Given
    held = ALLOWANCE_BYTES + _weights(worker)
    _allocated(monkeypatch, held)

    # When
    worker.engine.unload()

    # Then
    assert worker.engine.leaked_bytes() == held


def test_garbage_is_collected_before_it_is_called_a_leak(worker, monkeypatch):
    # Given: a count that falls once it was looked at
    _allocated(monkeypatch, 3 * ALLOWANCE_BYTES, _weights(worker))

    # When / Then
    assert worker.engine.leaked_bytes() == 0


def test_cpu_leaks_nothing_that_is_counted(make_studio):
    assert make_studio().engine.leaked_bytes() == 0
