"""Holders that vanish: what counts, what is known of it, and what it says about the worker."""

from __future__ import annotations

import pytest

from reelfleet.contract.errors import ErrorCode, LeaseLost
from reelfleet.contract.event import EventKind
from reelfleet.contract.job import JobState
from reelfleet.contract.names import Stage
from reelfleet.ledger.answers import RefusalReason
from reelfleet.ledger.faults import BLAMES_DEVICE
from reelfleet.ledger.types import Diagnosis
from tests.unit.ledger.builders import (
    HOST,
    QUEUE,
    claim,
    delivering_job,
    denoise,
    error,
    hand_on_to_deliver,
    held_job,
    hold_of,
    kinds,
    let_lease_run_out,
    let_time_run_out,
    submit,
)

GPU = "gpu0@host-a"
SEGFAULT = Diagnosis("SIGSEGV", "Fatal Python error: “Segmentation fault”\n", {"kind": "cuda", "processes": [], "memory": {"used": 2**40}})


def codes(ledger, worker: str = GPU) -> list[str]:
    return [fault.code for fault in ledger.workers.faults(worker)]


def test_what_is_known_of_a_death_is_kept_with_the_attempt(ledger):
    lease = held_job(ledger)

    ledger.jobs.abandon(lease.job_id, worker=lease.worker, diagnosis=SEGFAULT)

    kept = ledger.jobs.row(lease.job_id).diagnosis
    assert kept == Diagnosis(SEGFAULT.exit_signal, SEGFAULT.stderr_tail, SEGFAULT.device, diagnosed_attempt=1)
    assert "SIGSEGV" in ledger.events.read(lease.job_id)[-1].message


def test_a_quarantined_job_says_what_is_known_of_the_last_death(ledger):
    # Given a job whose first attempt reported an error
    job_id = submit(ledger, max_attempts=2)
    ledger.jobs.fail(hold_of(ledger, job_id), error())
    last = hold_of(ledger, job_id, worker=GPU)
    ledger.jobs.renew(last, lease_ms=60_000, progress=denoise(4, of=9))

    # When the process of its last attempt dies
    ledger.jobs.abandon(job_id, worker=GPU, diagnosis=SEGFAULT)

    # Then the error tells all of it
    status = ledger.jobs.status(job_id)
    assert (status.state, status.error.code) == (JobState.QUARANTINED, ErrorCode.QUARANTINED)
    assert status.error.details == {
        "attempts": 2,
        "phase": "denoise",
        "step": 4,
        "stage": "generate",
        "worker": GPU,
        "diagnosed_attempt": 2,
        "exit_signal": "SIGSEGV",
        "stderr_tail": SEGFAULT.stderr_tail,
        "device": SEGFAULT.device,
        "last_error": error().model_dump(mode="json"),
    }


def test_a_death_of_an_earlier_attempt_is_told_as_such(ledger):
    job_id = submit(ledger, max_attempts=2)
    ledger.jobs.abandon(job_id, worker=hold_of(ledger, job_id).worker, diagnosis=SEGFAULT)
    let_lease_run_out(ledger, hold_of(ledger, job_id))

    ledger.steward.expire()

    details = ledger.jobs.status(job_id).error.details
    assert (details["attempts"], details["diagnosed_attempt"], details["exit_signal"]) == (2, 1, "SIGSEGV")


def test_of_what_a_process_wrote_the_last_is_kept(ledger):
    lease = held_job(ledger)

    ledger.jobs.abandon(lease.job_id, worker=lease.worker, diagnosis=Diagnosis(stderr_tail="x" * 100_000 + "the end"))

    tail = ledger.jobs.row(lease.job_id).diagnosis.stderr_tail
    assert len(tail) == 4000
    assert tail.endswith("the end")


def test_a_process_that_was_stopped_for_reasons_of_the_workers_costs_no_attempt(ledger):
    lease = held_job(ledger, max_attempts=1)

    due = ledger.jobs.abandon(lease.job_id, worker=lease.worker, counts=False)

    assert (due.job_id, due.queue) == (lease.job_id, QUEUE)
    assert ledger.jobs.status(lease.job_id).state is JobState.QUEUED
    assert kinds(ledger, lease.job_id)[-1] == "yielded"
    assert codes(ledger) == []
    with pytest.raises(LeaseLost):
        ledger.jobs.renew(lease, lease_ms=60_000)
    assert hold_of(ledger, lease.job_id).attempt == 1


@pytest.mark.parametrize(("order", "state"), [("pause", JobState.PAUSED), ("abort", JobState.ABORTED)])
def test_a_stopped_process_of_a_job_with_another_order_needs_no_ticket(ledger, order, state):
    lease = held_job(ledger)
    {"pause": ledger.jobs.pause, "abort": ledger.jobs.abort}[order](lease.job_id)

    assert ledger.jobs.abandon(lease.job_id, worker=lease.worker, counts=False) is None
    assert ledger.jobs.status(lease.job_id).state is state


def test_the_ticket_of_a_job_that_died_in_a_paused_queue_is_due_when_the_pause_ends(ledger):
    lease = held_job(ledger)
    ledger.pauses.pause(f"queue:{QUEUE}", "operator")

    assert ledger.jobs.abandon(lease.job_id, worker=lease.worker) is None

    ledger.pauses.resume(f"queue:{QUEUE}")
    assert [due.job_id for due in ledger.steward.overdue(QUEUE, older_than_ms=3_600_000)] == [lease.job_id]


@pytest.mark.parametrize("way", ["lease ran out", "process died", "claimed after the lease ran out"])
def test_a_decided_job_is_never_lost_to_quarantine(ledger, way):
    # Given a job on its last attempt whose result is decided
    lease = delivering_job(ledger, max_attempts=1)
    ledger.jobs.decide(lease, b"manifest")

    # When whoever delivers it vanishes, again and again
    for _ in range(5):
        if way == "process died":
            assert ledger.jobs.abandon(lease.job_id, worker=lease.worker) is not None
        else:
            let_lease_run_out(ledger, lease)
        if way == "lease ran out":
            (expired,) = ledger.steward.expire()
            assert expired.ticket is not None
        lease = hold_of(ledger, lease.job_id, stage=Stage.DELIVER, worker="cpu0@host-a")
        assert lease.attempt == 1

    # Then the next one delivers it
    assert ledger.jobs.decide(lease, b"other") == b"manifest"
    ledger.jobs.succeed(lease, manifest_uri="file:///m", artifacts=[])
    assert ledger.jobs.status(lease.job_id).state is JobState.SUCCEEDED


def test_a_decided_job_whose_host_is_gone_goes_back_without_an_attempt_being_counted(ledger):
    lease = delivering_job(ledger, max_attempts=1)
    ledger.jobs.decide(lease, b"manifest")
    ledger.jobs.abandon(lease.job_id, worker=lease.worker)

    assert ledger.steward.reroute(lease.job_id, Stage.GENERATE, QUEUE) is not None
    assert hold_of(ledger, lease.job_id, host="host-b").attempt == 1


def test_errors_that_a_decided_job_reports_are_bounded_all_the_same(ledger):
    lease = delivering_job(ledger, max_attempts=2)
    ledger.jobs.decide(lease, b"manifest")
    states = [ledger.jobs.fail(lease, error(code=ErrorCode.STORE_UNAVAILABLE))]
    lease = hold_of(ledger, lease.job_id, stage=Stage.DELIVER)
    states.append(ledger.jobs.fail(lease, error(code=ErrorCode.STORE_UNAVAILABLE)))

    assert states == [JobState.QUEUED, JobState.FAILED]


def test_deaths_and_errors_of_the_device_are_known_as_faults_of_the_worker(ledger):
    first, second = held_job(ledger, worker=GPU), held_job(ledger, worker=GPU)

    ledger.jobs.fail(first, error(code=ErrorCode.DEVICE_LOST))
    ledger.jobs.abandon(second.job_id, worker=GPU)

    found = ledger.workers.faults(GPU)
    assert [(fault.job_id, fault.model, fault.code) for fault in found] == [
        (first.job_id, "tiny-wan", "device_lost"),
        (second.job_id, "tiny-wan", "died"),
    ]
    assert ledger.workers.faults("gpu1@host-a") == ()


@pytest.mark.parametrize("code", sorted(set(ErrorCode) - BLAMES_DEVICE))
def test_errors_that_say_nothing_about_the_device_are_no_faults(ledger, code):
    ledger.jobs.fail(held_job(ledger, worker=GPU), error(code=code))

    assert codes(ledger) == []


def test_a_job_that_needs_a_larger_device_is_no_fault_of_the_smaller_one(ledger):
    ledger.jobs.fail(held_job(ledger, worker=GPU), error(code=ErrorCode.OUT_OF_MEMORY), counts=False, needs_memory=100)

    assert codes(ledger) == []


def test_a_process_that_was_killed_for_an_abort_or_a_deadline_is_no_fault(ledger):
    aborted, late = held_job(ledger, worker=GPU), held_job(ledger, worker=GPU, timeout_s=600)
    ledger.jobs.abort(aborted.job_id)
    let_time_run_out(ledger, late.job_id)

    for lease in (aborted, late):
        ledger.jobs.abandon(lease.job_id, worker=GPU)

    assert codes(ledger) == []


def test_a_lease_that_ran_out_is_no_fault_of_a_device(ledger):
    let_lease_run_out(ledger, held_job(ledger, worker=GPU))
    ledger.steward.expire()

    assert codes(ledger) == []


@pytest.mark.parametrize("end", ["handed on", "succeeded", "cleared", "left"])
def test_faults_are_forgotten_when_the_worker_does_well_or_is_replaced(ledger, end):
    ledger.jobs.abandon(held_job(ledger, worker=GPU).job_id, worker=GPU)
    lease = held_job(ledger, worker=GPU)

    {
        "handed on": lambda: hand_on_to_deliver(ledger, lease),
        "succeeded": lambda: ledger.jobs.succeed(lease, manifest_uri="file:///m", artifacts=[]),
        "cleared": lambda: ledger.workers.clear_faults(GPU),
        "left": lambda: ledger.workers.leave(GPU),
    }[end]()

    assert codes(ledger) == []


def test_the_last_ten_faults_are_known(ledger):
    leases = [held_job(ledger, worker=GPU) for _ in range(12)]
    for lease in leases:
        ledger.jobs.abandon(lease.job_id, worker=GPU)

    assert [fault.job_id for fault in ledger.workers.faults(GPU)] == [lease.job_id for lease in leases[2:]]


def claim_with(ledger, job_id: str, memory_bytes: int | None, **how):
    ask = {"worker": GPU, "host": HOST, "lease_ms": 60_000, **how}
    return ledger.jobs.claim(job_id, Stage.GENERATE, memory_bytes=memory_bytes, **ask)


def test_a_job_that_ran_out_of_memory_goes_to_a_larger_device_in_the_same_attempt(ledger):
    lease = held_job(ledger, max_attempts=1)

    assert ledger.jobs.fail(lease, error(), counts=False, needs_memory=80 * 2**30) is JobState.QUEUED

    assert ledger.jobs.row(lease.job_id).needs_memory == 80 * 2**30
    granted = claim_with(ledger, lease.job_id, 141 * 2**30)
    assert granted.lease.attempt == 1


def test_a_device_that_is_no_larger_is_refused_the_job_and_a_ticket_is_due_soon(ledger):
    lease = held_job(ledger)
    ledger.jobs.fail(lease, error(), counts=False, needs_memory=100)

    assert claim_with(ledger, lease.job_id, 100).reason is RefusalReason.TOO_SMALL

    assert ledger.steward.waiting_counts() == {}
    assert claim(ledger, lease.job_id).reason is RefusalReason.NOT_YET


def test_an_error_that_counts_no_attempt_still_ends_the_job_when_a_retry_cannot_help(ledger):
    lease = held_job(ledger)

    assert ledger.jobs.fail(lease, error(retryable=False), counts=False) is JobState.FAILED


def test_a_drain_is_told_to_the_fleet_with_its_reason_once(ledger):
    for reason in ("3 faults in a row", "", "3 faults in a row"):
        ledger.workers.request_drain(GPU, reason)

    assert ledger.workers.drain_reason(GPU) == "3 faults in a row"
    assert [(event.kind, event.worker, event.message) for event in ledger.events.fleet()] == [
        (EventKind.WORKER, GPU, "drains: 3 faults in a row")
    ]


def test_a_drain_without_a_reason_is_one_too(ledger):
    assert ledger.workers.drain_reason(GPU) is None

    ledger.workers.request_drain(GPU)

    assert ledger.workers.drain_reason(GPU) == ""
    assert ledger.workers.drain_requested(GPU)
    assert [event.message for event in ledger.events.fleet()] == ["asked to drain"]
