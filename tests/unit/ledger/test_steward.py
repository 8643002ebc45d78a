"""What is kept moving when nobody holds it."""

from __future__ import annotations

import json

import redis

from reelfleet.contract.errors import ErrorCode
from reelfleet.contract.job import JobState
from reelfleet.contract.names import Stage
from reelfleet.ledger.answers import RefusalReason
from reelfleet.tickets import issue_ticket, producer_app
from tests.fixtures.waiting import wait_until
from tests.unit.ledger.builders import (
    HOST_QUEUE,
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
    wait_past,
)


def test_a_job_whose_lease_ran_out_waits_again_and_needs_a_ticket(ledger):
    lease = held_job(ledger, worker="gpu0@host-a", priority=3)
    let_lease_run_out(ledger, lease)

    (expired,) = ledger.steward.expire()

    assert (expired.job_id, expired.state, expired.worker, expired.attempt) == (lease.job_id, JobState.QUEUED, "gpu0@host-a", 1)
    assert expired.ticket is not None
    assert (expired.ticket.queue, expired.ticket.priority) == (QUEUE, 3)
    assert ledger.steward.waiting_counts() == {QUEUE: 1}
    assert kinds(ledger, lease.job_id)[-1] == "retrying"
    assert ledger.steward.expire() == []


def test_leases_that_last_are_left_alone(ledger):
    held_job(ledger)

    assert ledger.steward.expire() == []


def test_a_job_that_is_delivered_on_a_host_goes_back_to_that_host(ledger):
    lease = delivering_job(ledger)
    let_lease_run_out(ledger, lease)

    (expired,) = ledger.steward.expire()

    assert (expired.stage, expired.queue) == (Stage.DELIVER, HOST_QUEUE)
    assert ledger.jobs.row(lease.job_id).spool == "frames"


def test_a_job_whose_holders_all_vanished_is_quarantined_with_a_diagnosis(ledger):
    job_id = submit(ledger, max_attempts=2)
    ledger.jobs.fail(hold_of(ledger, job_id), error())
    last = hold_of(ledger, job_id, worker="gpu1@host-a")
    ledger.jobs.renew(last, lease_ms=60_000, progress=denoise(4, of=9))
    let_lease_run_out(ledger, last)

    (expired,) = ledger.steward.expire()

    assert (expired.state, expired.ticket) == (JobState.QUARANTINED, None)
    found = ledger.jobs.status(job_id).error
    assert found is not None
    assert found.code is ErrorCode.QUARANTINED
    assert found.details == {
        "attempts": 2,
        "phase": "denoise",
        "step": 4,
        "stage": "generate",
        "worker": "gpu1@host-a",
        "diagnosed_attempt": 0,
        "exit_signal": "",
        "stderr_tail": "",
        "device": {},
        "last_error": error().model_dump(mode="json"),
    }


def test_a_vanished_holder_of_a_job_that_is_to_be_aborted_ends_it(ledger):
    lease = held_job(ledger)
    ledger.jobs.abort(lease.job_id)
    let_lease_run_out(ledger, lease)

    (expired,) = ledger.steward.expire()

    assert expired.state is JobState.ABORTED


def test_a_vanished_holder_of_a_job_out_of_time_ends_it(ledger):
    lease = held_job(ledger, timeout_s=600)
    let_time_run_out(ledger, lease.job_id)
    let_lease_run_out(ledger, lease)

    (expired,) = ledger.steward.expire()

    assert expired.state is JobState.FAILED
    assert ledger.jobs.status(lease.job_id).error.code is ErrorCode.TIMED_OUT


def test_sweeps_stop_at_their_limit(ledger):
    for _ in range(3):
        let_lease_run_out(ledger, held_job(ledger))

    assert [len(ledger.steward.expire(limit=2)) for _ in range(3)] == [2, 1, 0]


def test_a_delayed_job_is_due_when_its_delay_is_over(ledger):
    lease = held_job(ledger)
    ledger.jobs.fail(lease, error(), backoff_s=0.05)
    assert ledger.steward.waiting_counts() == {}

    (due,) = wait_until(ledger.steward.due_delayed, what="the delay to be over", every=0.005)

    assert due.job_id == lease.job_id
    assert ledger.steward.waiting_counts() == {QUEUE: 1}
    assert ledger.steward.due_delayed() == []
    assert hold_of(ledger, lease.job_id).attempt == 2


def test_a_job_whose_ticket_is_old_is_overdue_until_a_new_one_was_issued(ledger):
    job_id = submit(ledger)
    wait_past(ledger, ledger.jobs.row(job_id).created)

    assert [due.job_id for due in ledger.steward.overdue(QUEUE, older_than_ms=0)] == [job_id]
    assert ledger.steward.overdue(QUEUE, older_than_ms=60_000) == []

    ledger.jobs.set_priority(job_id, 1)  # its ticket lies in the wrong list now
    assert [due.job_id for due in ledger.steward.overdue(QUEUE, older_than_ms=60_000)] == [job_id]
    ledger.jobs.ticketed(job_id)
    assert ledger.steward.overdue(QUEUE, older_than_ms=60_000) == []


def test_no_job_is_overdue_while_its_queue_is_paused(ledger):
    job_id = submit(ledger)
    wait_past(ledger, ledger.jobs.row(job_id).created)

    for scope in ("fleet", f"queue:{QUEUE}"):
        ledger.pauses.pause(scope, "operator")
        assert ledger.steward.overdue(QUEUE, older_than_ms=0) == []
        ledger.pauses.resume(scope)
    assert len(ledger.steward.overdue(QUEUE, older_than_ms=0)) == 1


def test_a_ticket_of_a_job_that_does_not_wait_does_not_make_it_wait(ledger):
    lease = held_job(ledger)

    ledger.jobs.ticketed(lease.job_id)
    ledger.jobs.ticketed("no-such-job")

    assert ledger.steward.waiting_counts() == {}


def test_queues_are_known_while_jobs_wait_on_them(ledger):
    submit(ledger)
    submit(ledger)
    other = submit(ledger, queue="reel.gpu.other")

    assert ledger.steward.waiting_counts() == {QUEUE: 2, "reel.gpu.other": 1}
    assert ledger.steward.queues() == ["reel.gpu.other", QUEUE]

    ledger.jobs.abort(other)
    assert ledger.steward.queues() == [QUEUE]


def test_jobs_that_nobody_holds_end_when_their_time_is_over(ledger):
    queued, paused, patient = (submit(ledger, timeout_s=600) for _ in range(3))
    ledger.jobs.pause(paused)
    between = held_job(ledger, timeout_s=600).job_id
    hand_on_to_deliver(ledger, ledger.jobs.row(between).lease)
    for job_id in (queued, paused, between):
        let_time_run_out(ledger, job_id)

    ended = ledger.steward.time_out_overdue()

    assert sorted(ended) == sorted([queued, paused, between])
    assert {ledger.jobs.status(job_id).error.code for job_id in ended} == {ErrorCode.TIMED_OUT}
    assert ledger.jobs.status(patient).state is JobState.QUEUED
    assert ledger.steward.time_out_overdue() == []


def test_a_job_that_is_held_is_left_to_its_holder_when_its_time_is_over(ledger):
    lease = held_job(ledger, timeout_s=600)
    let_time_run_out(ledger, lease.job_id)

    assert ledger.steward.time_out_overdue() == []
    assert ledger.jobs.status(lease.job_id).state is JobState.RUNNING


def test_a_job_whose_host_is_gone_goes_back_and_the_next_claim_counts(ledger):
    lease = held_job(ledger)
    hand_on_to_deliver(ledger, lease)

    due = ledger.steward.reroute(lease.job_id, Stage.GENERATE, QUEUE)

    assert due is not None
    assert (due.stage, due.queue) == (Stage.GENERATE, QUEUE)
    row = ledger.jobs.row(lease.job_id)
    assert (row.state, row.host, row.spool) == (JobState.QUEUED, None, None)
    told = ledger.events.read(lease.job_id)[-1]
    assert (told.kind.value, "host-a" in told.message) == ("retrying", True)
    assert ledger.steward.waiting_counts() == {QUEUE: 1}
    assert hold_of(ledger, lease.job_id, host="host-b").attempt == 2


def test_a_job_whose_host_is_gone_after_its_last_attempt_is_quarantined_at_the_next_claim(ledger):
    lease = held_job(ledger, max_attempts=1)
    hand_on_to_deliver(ledger, lease)
    ledger.steward.reroute(lease.job_id, Stage.GENERATE, QUEUE)

    assert claim(ledger, lease.job_id).reason is RefusalReason.QUARANTINED
    assert ledger.jobs.status(lease.job_id).state is JobState.QUARANTINED


def test_a_paused_job_whose_host_is_gone_goes_back_and_stays_paused(ledger):
    lease = held_job(ledger)
    hand_on_to_deliver(ledger, lease)
    ledger.jobs.pause(lease.job_id)

    assert ledger.steward.reroute(lease.job_id, Stage.GENERATE, QUEUE) is None
    assert ledger.jobs.row(lease.job_id).stage is Stage.GENERATE
    assert ledger.jobs.status(lease.job_id).state is JobState.PAUSED


def test_a_job_whose_time_is_over_ends_instead_of_being_sent_back(ledger):
    lease = held_job(ledger, timeout_s=600)
    hand_on_to_deliver(ledger, lease)
    let_time_run_out(ledger, lease.job_id)

    assert ledger.steward.reroute(lease.job_id, Stage.GENERATE, QUEUE) is None
    assert ledger.jobs.status(lease.job_id).state is JobState.FAILED
    assert kinds(ledger, lease.job_id)[-1] == "finished"


def test_a_job_that_is_held_is_not_sent_back(ledger):
    lease = delivering_job(ledger)

    assert ledger.steward.reroute(lease.job_id, Stage.GENERATE, QUEUE) is None
    assert ledger.jobs.row(lease.job_id).stage is Stage.DELIVER


def test_one_steward_at_a_time_has_its_turn(ledger):
    assert ledger.steward.take_turn("cpu0", 60_000)
    assert ledger.steward.take_turn("cpu0", 60_000)
    assert not ledger.steward.take_turn("cpu1", 60_000)

    ledger.steward.end_turn("cpu1")
    assert not ledger.steward.take_turn("cpu1", 60_000)

    ledger.steward.end_turn("cpu0")
    assert ledger.steward.take_turn("cpu1", 60_000)


def test_a_turn_runs_out_when_its_steward_vanishes(ledger):
    ledger.steward.take_turn("cpu0", 5)

    assert wait_until(lambda: ledger.steward.take_turn("cpu1", 60_000), what="the turn to run out", every=0.005)


def test_tickets_that_lie_in_a_queue_are_known_whatever_their_priority(ledger, redis_url):
    app = producer_app(redis_url)
    for number, priority in enumerate((0, 3, 6, 9)):
        issue_ticket(app, f"job-{number}", Stage.GENERATE, queue=QUEUE, priority=priority)
    client = redis.Redis.from_url(redis_url)
    client.lpush(QUEUE, b"not a message", json.dumps([1]))
    app.close()

    assert ledger.steward.tickets_in(QUEUE) == {f"job-{number}:generate" for number in range(4)}
    assert ledger.steward.tickets_in("reel.gpu.other") == set()


def test_the_servers_uptime_is_known(ledger):
    assert ledger.steward.server_uptime_s() >= 0
