from __future__ import annotations

from types import SimpleNamespace

import pytest

from config.settings import load_settings
from reelfleet.contract.errors import ErrorCode
from tasks.worker.health import Health
from tests.unit.ledger.builders import error, hand_on_to_deliver, held_job

WORKER = "gpu0@host-a"


@pytest.fixture
def parent(ledger, monkeypatch):
    """A worker's parent without a pool: which processes it would replace is counted."""
    parent = SimpleNamespace(
        ledger=ledger,
        identity=SimpleNamespace(name=WORKER),
        settings=load_settings(faults_until_drain=2),
        draining=False,
        trouble="",
        replaced=0,
        active_requests=dict,
    )

    def replace(_):
        parent.replaced += 1
        return not parent.active_requests()

    monkeypatch.setattr("tasks.worker.health.kill_idle", replace)
    return parent


def fail_one(ledger, code: ErrorCode = ErrorCode.DEVICE_LOST) -> None:
    ledger.jobs.fail(held_job(ledger, worker=WORKER), error(code=code))


def test_two_different_jobs_that_fail_in_a_row_have_the_process_replaced(parent, ledger):
    health = Health(parent)
    fail_one(ledger)
    health.look()
    assert parent.replaced == 0

    fail_one(ledger)
    health.look()

    assert parent.replaced == 1
    assert not ledger.workers.drain_requested(WORKER)


def test_failures_that_go_on_after_that_take_the_worker_out_with_a_reason(parent, ledger):
    # Given a worker whose process was replaced
    health = Health(parent)
    for _ in range(2):
        fail_one(ledger)
    health.look()

    # When two more jobs fail
    for _ in range(2):
        fail_one(ledger)
    health.look()

    # Then it drains and says why
    assert "device_lost" in ledger.workers.drain_reason(WORKER)
    assert "look at the device" in parent.trouble
    assert parent.replaced == 1


def test_job_that_goes_well_ends_the_row(parent, ledger):
    health = Health(parent)
    fail_one(ledger)
    hand_on_to_deliver(ledger, held_job(ledger, worker=WORKER))
    fail_one(ledger)

    health.look()

    assert parent.replaced == 0


def test_errors_that_say_nothing_of_the_device_do_not_count(parent, ledger):
    health = Health(parent)
    for _ in range(3):
        fail_one(ledger, ErrorCode.INVALID_REQUEST)

    health.look()

    assert parent.replaced == 0
