"""What a holder says and hears while it works."""

from __future__ import annotations

import pytest

from reelfleet.contract.errors import LeaseLost
from reelfleet.contract.event import EventKind
from reelfleet.contract.job import JobState, Phase, Progress
from reelfleet.contract.names import Stage
from reelfleet.ledger.answers import Kept, Order, Watch
from reelfleet.ledger.types import CheckpointRef
from tests.unit.ledger.builders import (
    QUEUE,
    delivering_job,
    denoise,
    held_job,
    kinds,
    let_lease_run_out,
    let_time_run_out,
    redis_now,
    wait_past,
)


def progress_events(ledger, job_id):
    return [event.progress for event in ledger.events.read(job_id) if event.kind is EventKind.PROGRESS]


def test_a_renewal_extends_the_lease_and_reports_progress(ledger):
    lease = held_job(ledger, lease_ms=1000)
    before = ledger.jobs.row(lease.job_id).lease_until

    order = ledger.jobs.renew(lease, lease_ms=60_000, progress=Progress(phase=Phase.DENOISE, step=3, of=9, rate=1.5, eta_s=4.0))

    row = ledger.jobs.row(lease.job_id)
    assert order is Order.GO
    assert row.lease_until > before
    assert row.progress == Progress(phase=Phase.DENOISE, step=3, of=9, rate=1.5, eta_s=4.0)


def test_a_lease_that_ran_out_is_renewed_as_long_as_nobody_took_the_job(ledger):
    lease = held_job(ledger)
    let_lease_run_out(ledger, lease)

    assert ledger.jobs.renew(lease, lease_ms=60_000) is Order.GO
    assert ledger.steward.expire() == []


def test_a_lease_that_the_steward_took_away_is_lost(ledger):
    lease = held_job(ledger)
    let_lease_run_out(ledger, lease)
    ledger.steward.expire()

    with pytest.raises(LeaseLost):
        ledger.jobs.renew(lease, lease_ms=60_000)


def test_progress_within_a_phase_is_told_now_and_then_and_its_end_always(ledger):
    lease = held_job(ledger)

    for step in range(101):
        ledger.jobs.renew(lease, lease_ms=60_000, progress=denoise(step, of=100))

    told = progress_events(ledger, lease.job_id)
    assert len(told) < 50
    assert told[-1] == denoise(100, of=100)


def test_each_phase_is_told_when_it_begins(ledger):
    lease = held_job(ledger)

    for phase in (Phase.LOAD, Phase.ENCODE, Phase.DENOISE):
        ledger.jobs.renew(lease, lease_ms=60_000, progress=Progress(phase=phase))

    assert [progress.phase for progress in progress_events(ledger, lease.job_id)] == [Phase.LOAD, Phase.ENCODE, Phase.DENOISE]


def test_progress_does_not_fill_the_fleets_stream(ledger):
    lease = held_job(ledger)

    ledger.jobs.renew(lease, lease_ms=60_000, progress=denoise(1))

    assert [event.kind.value for event in ledger.events.fleet()] == ["submitted", "claimed"]


def test_the_progress_of_one_attempt_is_not_shown_in_the_next(ledger):
    lease = held_job(ledger)
    ledger.jobs.renew(lease, lease_ms=60_000, progress=denoise(7))
    ledger.jobs.hand_on(lease, stage=Stage.GENERATE, queue=QUEUE)

    ledger.jobs.claim(lease.job_id, Stage.GENERATE, worker="gpu1@host-a", host="host-a", lease_ms=1000)

    assert ledger.jobs.status(lease.job_id).progress is None


@pytest.mark.parametrize("scope", ["fleet", f"queue:{QUEUE}", "worker:gpu0@host-a"])
def test_a_holder_gives_its_job_back_while_its_scope_is_paused(ledger, scope):
    lease = held_job(ledger, worker="gpu0@host-a")

    ledger.pauses.pause(scope, "operator")
    assert ledger.jobs.renew(lease, lease_ms=60_000) is Order.YIELD

    ledger.pauses.resume(scope)
    assert ledger.jobs.renew(lease, lease_ms=60_000) is Order.GO


def test_a_holder_on_a_worker_that_drains_gives_its_job_back(ledger):
    lease = held_job(ledger, worker="gpu0@host-a")
    ledger.workers.request_drain("gpu1@host-a")
    assert ledger.jobs.renew(lease, lease_ms=60_000) is Order.GO

    ledger.workers.request_drain("gpu0@host-a")

    assert ledger.jobs.renew(lease, lease_ms=60_000) is Order.YIELD


def test_a_delivery_is_finished_by_a_worker_that_drains(ledger):
    lease = delivering_job(ledger)
    ledger.workers.request_drain(lease.worker)

    assert ledger.jobs.renew(lease, lease_ms=60_000) is Order.GO


@pytest.mark.parametrize("scope", ["fleet", "queue:reel.cpu.host-a", "worker:cpu0@host-a"])
def test_a_delivery_is_stopped_by_a_pause(ledger, scope):
    lease = delivering_job(ledger)
    ledger.pauses.pause(scope, "operator")

    assert ledger.jobs.renew(lease, lease_ms=60_000) is Order.YIELD


def test_a_pause_of_another_queue_or_worker_does_not_concern_a_holder(ledger):
    lease = held_job(ledger, worker="gpu0@host-a")
    ledger.pauses.pause("queue:reel.gpu.other", "operator")
    ledger.pauses.pause("worker:gpu1@host-a", "operator")

    assert ledger.jobs.renew(lease, lease_ms=60_000) is Order.GO


def test_a_holder_hears_of_its_jobs_pause_and_abort(ledger):
    lease = held_job(ledger)

    ledger.jobs.pause(lease.job_id)
    assert ledger.jobs.renew(lease, lease_ms=60_000) is Order.PAUSE

    ledger.jobs.abort(lease.job_id, "enough")
    assert ledger.jobs.renew(lease, lease_ms=60_000) is Order.ABORT


def test_a_holder_hears_that_the_jobs_time_ran_out(ledger):
    lease = held_job(ledger, timeout_s=600)
    let_time_run_out(ledger, lease.job_id)

    assert ledger.jobs.renew(lease, lease_ms=60_000) is Order.TIMEOUT


def test_a_parent_process_keeps_the_lease_of_its_child(ledger):
    lease = held_job(ledger)
    let_lease_run_out(ledger, lease)

    assert ledger.jobs.keep(lease.job_id, worker=lease.worker, lease_ms=60_000) == Watch(Kept.YES, 0.0)
    assert ledger.steward.expire() == []


def test_a_parent_process_that_only_looks_extends_no_lease(ledger):
    lease = held_job(ledger)
    before = ledger.jobs.row(lease.job_id)

    assert ledger.jobs.keep(lease.job_id, worker=lease.worker, lease_ms=None).kept is Kept.YES
    assert ledger.jobs.row(lease.job_id) == before


def test_a_parent_process_keeps_no_lease_past_the_limit_of_the_phase(ledger):
    lease = held_job(ledger, lease_ms=30_000)
    ledger.jobs.renew(lease, lease_ms=30_000, progress=Progress(phase=Phase.LOAD), phase_limit_s=0.001)
    wait_past(ledger, ledger.jobs.row(lease.job_id).phase_until)
    before = ledger.jobs.row(lease.job_id)

    watch = ledger.jobs.keep(lease.job_id, worker=lease.worker, lease_ms=60_000)

    assert (watch.kept, 0 < watch.for_s < 30) == (Kept.OVERRAN, True)
    assert ledger.jobs.row(lease.job_id) == before


def test_a_parent_process_keeps_nothing_that_its_worker_does_not_hold(ledger):
    lease = held_job(ledger, worker="gpu0@host-a")

    assert ledger.jobs.keep(lease.job_id, worker="gpu1@host-a", lease_ms=60_000).kept is Kept.NO
    assert ledger.jobs.keep("no-such-job", worker="gpu0@host-a", lease_ms=60_000).kept is Kept.NO


def test_the_parent_of_a_job_that_is_to_be_aborted_hears_since_when(ledger):
    lease = held_job(ledger)
    ledger.jobs.abort(lease.job_id)
    ordered = redis_now(ledger)
    wait_past(ledger, ordered)

    watch = ledger.jobs.keep(lease.job_id, worker=lease.worker, lease_ms=60_000)

    assert watch.kept is Kept.ABORTING
    assert 0 < watch.for_s <= (redis_now(ledger) - ledger.jobs.row(lease.job_id).created).total_seconds()


def test_the_parent_of_a_job_whose_time_ran_out_hears_since_when(ledger):
    lease = held_job(ledger, timeout_s=600)
    let_time_run_out(ledger, lease.job_id)
    deadline = ledger.jobs.row(lease.job_id).deadline
    before = (redis_now(ledger) - deadline).total_seconds()

    watch = ledger.jobs.keep(lease.job_id, worker=lease.worker, lease_ms=60_000)

    assert watch.kept is Kept.OUT_OF_TIME
    assert before - 0.01 <= watch.for_s <= (redis_now(ledger) - deadline).total_seconds()


def test_a_dead_childs_job_is_given_back_at_once_and_the_attempt_counts(ledger):
    lease = held_job(ledger)

    due = ledger.jobs.abandon(lease.job_id, worker=lease.worker)

    assert due is not None
    assert (due.job_id, due.queue) == (lease.job_id, QUEUE)
    assert ledger.jobs.status(lease.job_id).state is JobState.QUEUED
    with pytest.raises(LeaseLost):
        ledger.jobs.renew(lease, lease_ms=60_000)
    again = ledger.jobs.claim(lease.job_id, Stage.GENERATE, worker="gpu0@host-a", host="host-a", lease_ms=60_000)
    assert again.lease.attempt == 2


@pytest.mark.parametrize(("order", "state"), [("pause", JobState.PAUSED), ("abort", JobState.ABORTED), ("none", JobState.QUARANTINED)])
def test_a_dead_childs_job_needs_no_ticket_when_it_does_not_wait_again(ledger, order, state):
    lease = held_job(ledger, max_attempts=2 if order == "pause" else 1)
    {"pause": ledger.jobs.pause, "abort": ledger.jobs.abort, "none": ledger.jobs.status}[order](lease.job_id)

    assert ledger.jobs.abandon(lease.job_id, worker=lease.worker) is None
    assert ledger.jobs.status(lease.job_id).state is state


def test_a_job_that_another_worker_holds_by_now_is_not_given_back(ledger):
    lease = held_job(ledger, worker="gpu1@host-a")

    assert ledger.jobs.abandon(lease.job_id, worker="gpu0@host-a") is None
    assert ledger.jobs.renew(lease, lease_ms=60_000) is Order.GO


def test_a_spec_stays_the_one_that_was_kept_first(ledger, generation_spec):
    lease = held_job(ledger)

    ledger.jobs.keep_spec(lease, generation_spec)
    ledger.jobs.keep_spec(lease, generation_spec.model_copy(update={"steps": 99}))

    assert ledger.jobs.row(lease.job_id).spec == generation_spec


def test_notes_stay_with_the_job_in_order(ledger):
    lease = held_job(ledger)

    ledger.jobs.note(lease, "first “note” ☁")
    ledger.jobs.note(lease, "second \udcff")

    assert ledger.jobs.status(lease.job_id).notes == ("first “note” ☁", "second ?")
    assert [event.message for event in ledger.events.read(lease.job_id) if event.kind is EventKind.NOTE] == ["first “note” ☁", "second ?"]


def test_the_latest_preview_is_kept_byte_for_byte(ledger):
    lease = held_job(ledger)

    ledger.jobs.put_preview(lease, b"old", "image/png")
    ledger.jobs.put_preview(lease, bytes(range(256)), "image/webp")

    assert ledger.jobs.preview(lease.job_id) == (bytes(range(256)), "image/webp")
    assert kinds(ledger, lease.job_id)[-1] == "preview"


def test_there_is_no_preview_before_one_was_published(ledger):
    assert ledger.jobs.preview(held_job(ledger).job_id) is None


def test_every_report_of_a_stale_holder_is_refused(ledger, generation_spec):
    stale = held_job(ledger)
    ledger.jobs.abandon(stale.job_id, worker=stale.worker)

    for report in (
        lambda: ledger.jobs.renew(stale, lease_ms=1000, progress=denoise(1)),
        lambda: ledger.jobs.keep_checkpoint(stale, CheckpointRef("key", 1, 10)),
        lambda: ledger.jobs.drop_checkpoint(stale),
        lambda: ledger.jobs.keep_spec(stale, generation_spec),
        lambda: ledger.jobs.note(stale, "too late"),
        lambda: ledger.jobs.put_preview(stale, b"", "image/png"),
    ):
        with pytest.raises(LeaseLost):
            report()
    assert kinds(ledger, stale.job_id) == ["submitted", "claimed", "retrying"]


def test_once_its_result_is_decided_a_holder_is_not_stopped_any_more(ledger):
    lease = delivering_job(ledger, timeout_s=600)
    ledger.jobs.decide(lease, b"manifest")

    ledger.pauses.pause("fleet", "operator")
    ledger.jobs.abort(lease.job_id, "too late")
    let_time_run_out(ledger, lease.job_id)

    assert ledger.jobs.renew(lease, lease_ms=60_000) is Order.GO
