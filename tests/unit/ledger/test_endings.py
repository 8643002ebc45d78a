"""How a lease ends, and that it ends once."""

from __future__ import annotations

from contextlib import suppress

import pytest

from reelfleet.contract.errors import Aborted, ErrorCode, LeaseLost
from reelfleet.contract.job import JobState, Phase
from reelfleet.contract.names import Stage
from reelfleet.ledger.answers import Order
from reelfleet.ledger.types import CheckpointRef
from tests.unit.ledger.builders import (
    HOST,
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
    redis_now,
    submit,
    wait_past,
)


def every_ending(ledger):
    return {
        "hand_on": lambda lease: hand_on_to_deliver(ledger, lease),
        "decide": lambda lease: ledger.jobs.decide(lease, b"stale"),
        "succeed": lambda lease: ledger.jobs.succeed(lease, manifest_uri="file:///stale", artifacts=[]),
        "fail": lambda lease: ledger.jobs.fail(lease, error()),
        "give_back": ledger.jobs.give_back,
        "end_aborted": ledger.jobs.end_aborted,
        "end_timed_out": ledger.jobs.end_timed_out,
    }


ENDINGS = ["hand_on", "give_back", "decide", "succeed", "fail", "end_aborted", "end_timed_out"]


def test_a_handed_on_job_waits_for_its_next_stage_on_its_host(ledger):
    lease = held_job(ledger)

    state = ledger.jobs.hand_on(
        lease, stage=Stage.DELIVER, queue=HOST_QUEUE, host=HOST, spool="frames", timings={"load_s": 1 / 3}, report='{"a": []}'
    )

    row = ledger.jobs.row(lease.job_id)
    assert state is JobState.RUNNING
    assert (row.stage, row.queue, row.host, row.spool, row.holder) == (Stage.DELIVER, HOST_QUEUE, HOST, "frames", None)
    assert row.timings == {"load_s": 1 / 3}
    assert row.report == '{"a": []}'
    assert ledger.steward.waiting_counts() == {HOST_QUEUE: 1}


def test_timings_of_stages_add_up(ledger):
    lease = held_job(ledger)
    ledger.jobs.hand_on(lease, stage=Stage.GENERATE, queue=QUEUE, timings={"fetch_s": 1.0})
    ledger.jobs.hand_on(hold_of(ledger, lease.job_id), stage=Stage.DELIVER, queue=HOST_QUEUE, timings={"denoise_s": 2.5})

    assert ledger.jobs.row(lease.job_id).timings == {"fetch_s": 1.0, "denoise_s": 2.5}


def test_a_succeeded_job_shows_its_result(ledger, artifact):
    lease = delivering_job(ledger)

    ledger.jobs.succeed(lease, manifest_uri="file:///store/manifest.json", artifacts=[artifact])

    status = ledger.jobs.status(lease.job_id)
    assert status.state is JobState.SUCCEEDED
    assert status.manifest_uri == "file:///store/manifest.json"
    assert status.artifacts == (artifact,)
    assert status.finished is not None
    assert status == ledger.jobs.row(lease.job_id).status()
    assert ledger.jobs.open_count("default") == 0


def test_the_manifest_that_was_decided_first_stays(ledger):
    first = delivering_job(ledger)
    assert ledger.jobs.decide(first, b"\x00first\xff") == b"\x00first\xff"
    ledger.jobs.abandon(first.job_id, worker=first.worker)

    second = hold_of(ledger, first.job_id, stage=Stage.DELIVER)

    assert ledger.jobs.decide(second, b"second") == b"\x00first\xff"
    assert ledger.jobs.decided(first.job_id) == b"\x00first\xff"


def test_nothing_is_decided_for_a_job_that_is_to_be_aborted(ledger):
    lease = delivering_job(ledger)
    ledger.jobs.abort(lease.job_id, "enough")

    with pytest.raises(Aborted):
        ledger.jobs.decide(lease, b"manifest")

    assert ledger.jobs.decided(lease.job_id) is None


def test_a_retryable_error_is_followed_by_another_attempt(ledger):
    lease = held_job(ledger)

    assert ledger.jobs.fail(lease, error()) is JobState.QUEUED

    assert ledger.jobs.row(lease.job_id).last_error == error()
    assert ledger.jobs.status(lease.job_id).error is None
    assert hold_of(ledger, lease.job_id).attempt == 2
    told = ledger.events.read(lease.job_id)[2]
    assert (told.kind.value, told.error) == ("retrying", error())


def test_an_error_that_no_attempt_can_mend_ends_the_job(ledger):
    lease = held_job(ledger)
    wire = error(code=ErrorCode.NUMERICAL, retryable=False)

    assert ledger.jobs.fail(lease, wire) is JobState.FAILED

    status = ledger.jobs.status(lease.job_id)
    assert status.error == wire
    assert ledger.events.read(lease.job_id)[-1].error == wire


def test_reported_errors_end_the_job_as_failed_with_their_own_code_when_attempts_are_used_up(ledger):
    job_id = submit(ledger, max_attempts=2)

    states = [ledger.jobs.fail(hold_of(ledger, job_id), error()) for _ in range(2)]

    assert states == [JobState.QUEUED, JobState.FAILED]
    assert ledger.jobs.status(job_id).error == error()


def test_a_retry_at_another_stage_forgets_the_host_and_its_frames(ledger):
    lease = delivering_job(ledger)

    ledger.jobs.fail(lease, error(), retry_stage=Stage.GENERATE, retry_queue=QUEUE)

    row = ledger.jobs.row(lease.job_id)
    assert (row.stage, row.queue, row.host, row.spool) == (Stage.GENERATE, QUEUE, None, None)


def test_a_retry_at_the_same_stage_keeps_the_host_and_its_frames(ledger):
    lease = delivering_job(ledger)

    ledger.jobs.fail(lease, error(code=ErrorCode.STORE_UNAVAILABLE), retry_stage=Stage.DELIVER, retry_queue=HOST_QUEUE)

    row = ledger.jobs.row(lease.job_id)
    assert (row.stage, row.queue, row.host, row.spool) == (Stage.DELIVER, HOST_QUEUE, HOST, "frames")


def test_an_error_of_a_job_that_is_to_be_aborted_ends_it_as_aborted(ledger):
    lease = held_job(ledger)
    ledger.jobs.abort(lease.job_id, "enough")

    assert ledger.jobs.fail(lease, error()) is JobState.ABORTED


def test_a_retry_of_a_job_that_is_to_pause_waits_until_it_is_resumed(ledger):
    lease = held_job(ledger)
    ledger.jobs.pause(lease.job_id)

    assert ledger.jobs.fail(lease, error()) is JobState.PAUSED
    assert ledger.steward.waiting_counts() == {}

    assert ledger.jobs.resume(lease.job_id) is not None
    assert hold_of(ledger, lease.job_id).attempt == 2


def test_a_job_that_is_to_be_aborted_ends_when_its_stage_is_handed_on(ledger):
    lease = held_job(ledger)
    ledger.jobs.abort(lease.job_id)

    assert hand_on_to_deliver(ledger, lease) is JobState.ABORTED


def test_a_job_that_is_to_pause_pauses_when_its_stage_is_handed_on(ledger):
    lease = held_job(ledger)
    ledger.jobs.pause(lease.job_id)

    assert hand_on_to_deliver(ledger, lease) is JobState.PAUSED

    due = ledger.jobs.resume(lease.job_id)
    assert due is not None
    assert (due.stage, due.queue) == (Stage.DELIVER, HOST_QUEUE)
    assert hold_of(ledger, lease.job_id, stage=Stage.DELIVER).attempt == 1


def test_an_aborted_job_says_why_and_where(ledger):
    lease = held_job(ledger)
    ledger.jobs.renew(lease, lease_ms=60_000, progress=denoise(3, of=8))
    ledger.jobs.abort(lease.job_id, "wrong prompt")

    ledger.jobs.end_aborted(lease, Phase.DENOISE)

    status = ledger.jobs.status(lease.job_id)
    assert status.state is JobState.ABORTED
    assert status.error is not None
    assert status.error.code is ErrorCode.ABORTED
    details = dict(status.error.details)
    latency_s = details.pop("latency_s")
    assert details == {"reason": "wrong prompt", "at": "denoise 3/8", "phase": "denoise"}
    assert 0 <= latency_s <= (status.finished - status.created).total_seconds()


def test_the_latency_of_an_abort_is_measured_from_its_order_by_redis_clock(ledger):
    lease = held_job(ledger)
    before = redis_now(ledger)
    ledger.jobs.abort(lease.job_id)
    ordered = redis_now(ledger)
    wait_past(ledger, ordered)

    ledger.jobs.end_aborted(lease)

    status = ledger.jobs.status(lease.job_id)
    shortest, longest = ((status.finished - moment).total_seconds() for moment in (ordered, before))
    assert shortest - 0.002 <= status.error.details["latency_s"] <= longest + 0.002


def test_a_job_that_is_aborted_before_it_said_how_far_it_is_names_the_phase(ledger):
    lease = held_job(ledger)

    ledger.jobs.end_aborted(lease, Phase.FETCH)

    assert ledger.jobs.status(lease.job_id).error.details == {"reason": "", "at": "fetch", "phase": "fetch", "latency_s": 0}


def test_a_timed_out_job_fails_and_names_its_time(ledger):
    lease = held_job(ledger, timeout_s=90)

    ledger.jobs.end_timed_out(lease)

    status = ledger.jobs.status(lease.job_id)
    assert status.state is JobState.FAILED
    assert status.error is not None
    assert status.error.code is ErrorCode.TIMED_OUT
    assert "90 s" in status.error.message


@pytest.mark.parametrize("successor", ["gpu1@host-a", "gpu0@host-a"])
@pytest.mark.parametrize("ending", ENDINGS)
def test_a_stale_holder_ends_nothing(ledger, ending, successor):
    stale = held_job(ledger, worker="gpu0@host-a")
    ledger.jobs.abandon(stale.job_id, worker=stale.worker)
    current = hold_of(ledger, stale.job_id, worker=successor)
    before = ledger.jobs.row(stale.job_id)

    with pytest.raises(LeaseLost):
        every_ending(ledger)[ending](stale)

    assert ledger.jobs.row(stale.job_id) == before
    assert ledger.jobs.decided(stale.job_id) is None
    assert ledger.jobs.renew(current, lease_ms=60_000) is Order.GO


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_fence_without_its_worker_ends_nothing(ledger, ending):
    # After Redis lost its last writes two workers could have been given one fence; the row names one of them.
    lease = held_job(ledger, worker="gpu0@host-a")
    impostor = type(lease)(lease.job_id, lease.stage, lease.fence, lease.attempt, "gpu1@host-a")

    with pytest.raises(LeaseLost):
        every_ending(ledger)[ending](impostor)


@pytest.mark.parametrize("ending", [name for name in ENDINGS if name != "decide"])
def test_an_ending_that_is_sent_again_because_its_answer_was_lost_is_answered_the_same_and_changes_nothing(ledger, ending):
    lease = held_job(ledger)
    first = every_ending(ledger)[ending](lease)
    before, told = ledger.jobs.row(lease.job_id), kinds(ledger, lease.job_id)

    assert every_ending(ledger)[ending](lease) == first
    assert ledger.jobs.row(lease.job_id) == before
    assert kinds(ledger, lease.job_id) == told


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("end", ["succeed", "fail for good", "abort", "time out"])
def test_a_job_that_has_ended_stays_as_it_is(ledger, end, ending):
    lease = held_job(ledger, timeout_s=60)
    {
        "succeed": lambda: ledger.jobs.succeed(lease, manifest_uri="file:///m", artifacts=[]),
        "fail for good": lambda: ledger.jobs.fail(lease, error(retryable=False)),
        "abort": lambda: ledger.jobs.end_aborted(lease),
        "time out": lambda: ledger.jobs.end_timed_out(lease),
    }[end]()
    before = ledger.jobs.row(lease.job_id)

    ledger.jobs.abort(lease.job_id)
    ledger.jobs.pause(lease.job_id)
    ledger.jobs.resume(lease.job_id)
    ledger.jobs.set_priority(lease.job_id, 0)
    claim(ledger, lease.job_id)
    ledger.steward.reroute(lease.job_id, Stage.GENERATE, QUEUE)
    with suppress(LeaseLost):  # a repeat of the job's own ending is answered instead
        every_ending(ledger)[ending](lease)

    assert ledger.jobs.row(lease.job_id) == before


@pytest.mark.parametrize("way", ["queued", "delayed", "paused", "held", "held too long", "between stages"])
def test_a_job_that_has_ended_is_on_no_list_of_open_work(ledger, redis_client, way):
    job_id = submit(ledger, timeout_s=600)
    if way == "paused":
        ledger.jobs.pause(job_id)
    elif way != "queued":
        lease = hold_of(ledger, job_id)
        {
            "delayed": lambda: ledger.jobs.fail(lease, error(), backoff_s=60),
            "held": lambda: ledger.jobs.end_aborted(lease),
            "held too long": lambda: let_lease_run_out(ledger, lease),
            "between stages": lambda: hand_on_to_deliver(ledger, lease),
        }[way]()

    assert ledger.jobs.abort(job_id) is JobState.ABORTED

    lists = [key for key in redis_client.scan_iter("*", _type="zset") if redis_client.zscore(key, job_id) is not None]
    assert sorted(lists) == ["reel:ended", "reel:ids", "reel:jobs", "reel:state:aborted", "reel:tenant:default"]
    assert ledger.jobs.open_count("default") == 0


def test_checkpoint_that_was_on_its_way_when_the_job_was_handed_on_counts(ledger):
    # Given a generation that was handed on, and a delivery that holds the job now
    lease = held_job(ledger)
    hand_on_to_deliver(ledger, lease)
    delivering = hold_of(ledger, lease.job_id, stage=Stage.DELIVER, worker="cpu0@host-a")

    # When its last checkpoint arrives in the store
    ledger.jobs.keep_checkpoint(lease, CheckpointRef("key", 10, 10))

    # Then a delivery that fails goes back to it
    ledger.jobs.fail(delivering, error(), retry_stage=Stage.GENERATE, retry_queue="reel.gpu.tiny-wan")
    assert ledger.jobs.row(lease.job_id).checkpoint == CheckpointRef("key", 10, 10)


def test_checkpoint_of_a_holder_that_vanished_does_not_count(ledger):
    lease = held_job(ledger)
    let_lease_run_out(ledger, lease)
    hold_of(ledger, lease.job_id, worker="gpu1@host-b")

    with pytest.raises(LeaseLost):
        ledger.jobs.keep_checkpoint(lease, CheckpointRef("key", 10, 10))
