from __future__ import annotations

import pytest

from tasks.worker.slot import device_of_slot, slot_from_environment


@pytest.mark.parametrize(
    ("environment", "slot"),
    [({"HONCHO_PROCESS_NAME": "gpu.1"}, 0), ({"HONCHO_PROCESS_NAME": "gpu.4"}, 3), ({"REEL_CPU_SLOT": "2"}, 2), ({}, 0)],
)
def test_slot_is_the_process_number_that_the_supervisor_gives(monkeypatch, environment, slot):
    # Given the environment of a supervisor
    for name in ("HONCHO_PROCESS_NAME", "REEL_CPU_SLOT"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    # Then the slot follows from it
    assert slot_from_environment() == slot


def test_slots_of_a_machine_that_computes_on_its_cpu_are_different_devices():
    assert device_of_slot("cpu", 0).uuid != device_of_slot("cpu", 1).uuid
