from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from reelfleet.contract.errors import Internal, Numerical, OutOfMemory
from reelfleet.contract.matte_request import MatteRequest
from reelfleet.contract.names import Stage, gpu_queue
from reelfleet.contract.worker import WorkerInfo, WorkerRole, WorkerState
from reelfleet.ledger.types import NewJob
from tasks.stages.verdict import verdict_on
from tests.unit.ledger.builders import QUEUE, claim, held_job, hold_of

GIB = 1024**3


@pytest.fixture
def stage(ledger):
    """A claimed generation on a device of 8 GiB: a process with an engine cannot be had without a device of that size."""

    def make(lease):
        engine = SimpleNamespace(device=SimpleNamespace(memory_bytes=8 * GIB))
        process = SimpleNamespace(ledger=ledger, engine=engine)
        return SimpleNamespace(process=process, lease=lease, job=ledger.jobs.row(lease.job_id))

    return make


def serving(memory_gib: int, model: str = "tiny-wan") -> WorkerInfo:
    return WorkerInfo(
        name=f"gpu{memory_gib}@host-b",
        role=WorkerRole.GPU,
        host="host-b",
        pid=1,
        state=WorkerState.BUSY,
        queues=(QUEUE,),
        models=(model,),
        device={"memory_bytes": memory_gib * GIB},
        seen=datetime.now(UTC),
        version="0",
    )


def nan_at(step: int) -> Numerical:
    return Numerical("NaN", details={"where": f"denoise step {step}"})


def test_error_without_a_rule_of_its_own_is_what_it_says_it_is(stage, ledger):
    verdict = verdict_on(Internal("a defect"), stage(held_job(ledger)))

    assert (verdict.error.code, verdict.counts, verdict.needs_memory) == ("internal", True, None)


def test_first_nan_is_tried_again(stage, ledger):
    assert verdict_on(nan_at(3), stage(held_job(ledger))).error.retryable


@pytest.mark.parametrize(("step", "retryable"), [(3, False), (4, True)], ids=["same step", "another step"])
def test_nan_is_final_when_it_comes_twice_at_the_same_step(stage, ledger, step, retryable):
    # Given a job whose first attempt met NaN at step 3
    lease = held_job(ledger)
    ledger.jobs.fail(lease, verdict_on(nan_at(3), stage(lease)).error, backoff_s=0)
    second = hold_of(ledger, lease.job_id)

    # When the second one meets it too
    verdict = verdict_on(nan_at(step), stage(second))

    # Then it is tried again only if it moved
    assert verdict.error.retryable is retryable


def test_job_too_large_for_its_device_goes_to_a_larger_one_without_losing_an_attempt(stage, ledger):
    ledger.workers.beat(serving(80), ttl_s=60)

    verdict = verdict_on(OutOfMemory("too large"), stage(held_job(ledger)))

    assert (verdict.error.retryable, verdict.counts, verdict.needs_memory) == (True, False, 8 * GIB)


@pytest.mark.parametrize("other", [serving(8), serving(80, model="tiny-ltx")], ids=["no larger", "serves another model"])
def test_job_too_large_for_the_whole_fleet_has_failed(stage, ledger, other):
    ledger.workers.beat(other, ttl_s=60)

    verdict = verdict_on(OutOfMemory("too large"), stage(held_job(ledger)))

    assert not verdict.error.retryable


@pytest.mark.parametrize(("model", "retryable"), [("mask-model", True), ("matte-model", False)])
def test_larger_device_for_masks_is_one_that_serves_their_maker(stage, ledger, model, retryable):
    # Given a matting at the stage of its mask maker, and a larger device that serves one of its two models
    request = MatteRequest(source="s3://bucket/clip.mp4", masks=[{"text": "a kite"}], model="matte-model", mask_model="mask-model")
    ledger.jobs.submit(NewJob("matting-1", request, request.sha256(), Stage.MASK, gpu_queue("mask-model"), 3))
    ledger.workers.beat(serving(80, model=model), ttl_s=60)

    verdict = verdict_on(OutOfMemory("too large"), stage(hold_of(ledger, "matting-1", stage=Stage.MASK)))

    assert verdict.error.retryable is retryable


def test_job_too_large_for_the_hosts_own_memory_is_not_sent_to_a_larger_device(stage, ledger):
    ledger.workers.beat(serving(80), ttl_s=60)

    verdict = verdict_on(OutOfMemory("too large", details={"larger_device": False}), stage(held_job(ledger)))

    assert not verdict.error.retryable


def test_device_that_was_too_small_is_not_given_the_job_again(stage, ledger):
    # Given a job that was sent to a larger device
    ledger.workers.beat(serving(80), ttl_s=60)
    lease = held_job(ledger)
    verdict = verdict_on(OutOfMemory("too large"), stage(lease))
    ledger.jobs.fail(lease, verdict.error, backoff_s=0, counts=verdict.counts, needs_memory=verdict.needs_memory)

    # Then one of the same size is refused it
    answer = ledger.jobs.claim(lease.job_id, Stage.GENERATE, worker="gpu0@host-a", host="host-a", lease_ms=1000, memory_bytes=8 * GIB)
    assert answer.reason == "too_small"
    assert claim(ledger, lease.job_id).reason == "not_yet"
