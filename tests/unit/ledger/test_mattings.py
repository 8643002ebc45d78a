"""Jobs that matte, and jobs whose result is matted."""

from __future__ import annotations

import json

import pytest

from reelfleet.contract.matte_request import MatteRequest
from reelfleet.contract.names import GPU_STAGES, Stage
from reelfleet.ledger.answers import RefusalReason
from reelfleet.ledger.types import NewJob
from reelfleet.matte_resolution import resolve_matte
from tests.fixtures.producers import IMAGE_CARD, MASK_MAKER_CARD, MATTING_CARD, SOURCE, VIDEO_CARD
from tests.unit.ledger.builders import HOST, error, hold_of, new_job

REQUEST = MatteRequest(source="s3://bucket/clip.mp4", masks=[{"mask": "s3://bucket/mask.png"}], model="matte-model")


def submit(ledger, stage: Stage = Stage.PREPARE, job_id: str = "matting-1") -> str:
    return ledger.jobs.submit(NewJob(job_id, REQUEST, REQUEST.sha256(), stage, "reel.gpu.matte-model", 3)).job_id


def test_a_row_keeps_its_request_and_its_spec(ledger):
    job_id = submit(ledger)
    spec = resolve_matte(REQUEST, MATTING_CARD, {}, SOURCE, (64, 64))

    ledger.jobs.keep_spec(hold_of(ledger, job_id, stage=Stage.PREPARE), spec)

    row = ledger.jobs.row(job_id)
    assert (row.request, row.spec) == (REQUEST, spec)


def test_a_status_tells_kind_and_queue_as_the_row_does(ledger):
    job_id = submit(ledger)

    status = ledger.jobs.status(job_id)
    assert (status.kind, status.model, status.queue) == ("matte", "matte-model", "reel.gpu.matte-model")
    assert status == ledger.jobs.row(job_id).status() == ledger.jobs.list()[0]


def test_a_job_names_the_one_that_will_matte_its_result(ledger):
    new = new_job(job_id="kite-1")
    ledger.jobs.submit(NewJob(new.job_id, new.request, new.request_sha256, new.stage, new.queue, 3, follow_up="kite-matte"))

    assert ledger.jobs.row("kite-1").follow_up == ledger.jobs.status("kite-1").follow_up == "kite-matte"
    assert ledger.jobs.status(submit(ledger)).follow_up is None


def test_a_row_of_the_time_before_matting_is_one_of_a_generation(ledger, redis_client):
    new = new_job(job_id="kite-1")
    ledger.jobs.submit(new)
    request = new.request.model_dump(mode="json", exclude={"kind", "matte"})
    redis_client.hdel("reel:job:kite-1", "kind")
    redis_client.hset("reel:job:kite-1", "request", json.dumps(request))

    assert ledger.jobs.row("kite-1").request == new.request
    assert ledger.jobs.status("kite-1").kind == "generate"


@pytest.mark.parametrize("stage", [Stage.PREPARE, *sorted(GPU_STAGES)])
def test_a_job_gives_way_in_a_stage_on_a_device_alone(ledger, stage):
    job_id = submit(ledger, stage)
    hold_of(ledger, job_id, stage=stage)

    assert ledger.jobs.order_yield(job_id, max_preemptions=2, by="urgent-job") is (stage in GPU_STAGES)


@pytest.mark.parametrize("stage", [Stage.PREPARE, *sorted(GPU_STAGES)])
def test_a_device_that_was_too_small_is_refused_a_stage_on_a_device_alone(ledger, stage):
    job_id = submit(ledger, stage)
    ledger.jobs.fail(hold_of(ledger, job_id, stage=stage), error(), counts=False, needs_memory=100)

    answer = ledger.jobs.claim(job_id, stage, worker="gpu0@host-a", host=HOST, lease_ms=60_000, memory_bytes=100)

    assert (getattr(answer, "reason", None) is RefusalReason.TOO_SMALL) is (stage in GPU_STAGES)


def test_what_was_too_small_for_the_mask_maker_may_matte(ledger):
    # Given a job whose masks were made on a larger device than the first one
    job_id = submit(ledger, Stage.MASK)
    ledger.jobs.fail(hold_of(ledger, job_id, stage=Stage.MASK), error(), counts=False, needs_memory=100, backoff_s=0)
    masks = ledger.jobs.claim(job_id, Stage.MASK, worker="gpu1@host-a", host=HOST, lease_ms=60_000, memory_bytes=200)

    # When it goes on to another model
    ledger.jobs.hand_on(masks.lease, stage=Stage.MATTE, queue="reel.gpu.matte-model")

    # Then the first device may have it
    assert ledger.jobs.row(job_id).needs_memory is None
    answer = ledger.jobs.claim(job_id, Stage.MATTE, worker="gpu0@host-a", host=HOST, lease_ms=60_000, memory_bytes=100)
    assert answer.lease.stage is Stage.MATTE


@pytest.mark.parametrize("card", [VIDEO_CARD, IMAGE_CARD, MATTING_CARD, MASK_MAKER_CARD], ids=lambda card: card.name)
def test_cards_of_every_kind_are_published(ledger, card):
    ledger.models.publish([card], "gpu0@here")

    assert ledger.models.get(card.name) == card
    assert ledger.models.all() == [card]
