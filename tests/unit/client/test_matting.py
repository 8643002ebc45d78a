"""Asking for mattings, and for the matting of a result."""

from __future__ import annotations

import hashlib

import pytest

from persistence.history import append_history
from reelfleet import KeyMask, MatteOptions, MatteRequest, Point
from reelfleet.contract.errors import InputMissing, InvalidRequest, JobNotFound
from reelfleet.contract.names import Stage
from reelfleet.ledger.types import CheckpointRef
from reelfleet.submission import enqueue_follow_up, follow_up_id
from reelfleet.tickets import producer_app

CLIP = {"source": "s3://bucket/clip.mp4", "model": "matte-model"}
MASK = "s3://bucket/mask.png"
KITE = {"model": "clip-model", "prompt": "a red kite"}
MATTE = {"model": "matte-model", "masks": [{"mask": MASK}]}


@pytest.fixture
def files(tmp_path):
    """Local files that a request may name."""
    for name in ("clip.mp4", "mask.png"):
        (tmp_path / name).write_bytes(name.encode())
    return tmp_path


def stored(store, name: str) -> str:
    return (store / "store" / "inputs" / hashlib.sha256(name.encode()).hexdigest()).as_uri()


def test_a_matting_starts_where_its_source_is_looked_into(fleet, ledger, alive):
    job = fleet.matte(**CLIP, mask=MASK)

    row = ledger.jobs.row(job.id)
    assert (row.stage, row.queue, row.status().kind) == (Stage.PREPARE, "reel.cpu", "matte")
    assert job.status().queue == "reel.cpu"
    assert job.request() == MatteRequest(**CLIP, masks=[{"mask": MASK}])


def test_a_whole_request_may_be_a_model_or_a_mapping_and_fields_are_the_same(fleet, alive):
    asked = [
        fleet.matte(MatteRequest(**CLIP, masks=[{"mask": MASK}])),
        fleet.submit(MatteRequest(**CLIP, masks=[{"mask": MASK}])),
        fleet.submit({"kind": "matte", **CLIP, "masks": [{"mask": MASK}]}),
        fleet.matte(**CLIP, masks=[KeyMask(mask=MASK)]),
        fleet.matte(**CLIP, mask=MASK),
    ]

    assert len({job.id for job in asked}) == 5
    assert all(job.request() == asked[0].request() for job in asked)


def test_models_of_the_contract_may_stand_within_lists(fleet, alive):
    job = fleet.matte(**CLIP, masks=[{"points": [Point(x=1, y=2)]}], mask_model="mask-model")

    assert job.request().masks[0].points == (Point(x=1, y=2),)


def test_mask_and_masks_at_once_are_refused(fleet, alive):
    with pytest.raises(InvalidRequest, match="not both"):
        fleet.matte(**CLIP, mask=MASK, masks=[{"mask": MASK}])


@pytest.mark.parametrize(("method", "request_data"), [("generate", {"kind": "matte", **CLIP}), ("matte", {"kind": "generate", **KITE})])
def test_a_request_of_the_other_kind_is_refused_with_the_method_that_takes_it(fleet, alive, method, request_data):
    with pytest.raises(InvalidRequest, match=r"Fleet\.submit takes every kind"):
        getattr(fleet, method)(request_data)


def test_local_source_and_masks_lie_in_the_store_under_their_hash(fleet, alive, files):
    job = fleet.matte(source=files / "clip.mp4", mask=str(files / "mask.png"), model="matte-model")

    request = job.request()
    assert (request.source, request.masks[0].mask) == (stored(files, "clip.mp4"), stored(files, "mask.png"))
    assert len(list((files / "store" / "inputs").iterdir())) == 2


def test_local_masks_of_the_matting_that_follows_are_uploaded_too_and_looked_at_before_a_device_is_used(fleet, ledger, alive, files):
    masks = [{"text": "a kite", "frame": 3}, {"mask": files / "mask.png"}]
    ledger.models.publish([ledger.models.get("mask-model").model_copy(update={"prompts": ("text",)})], "gpu0@here")

    job = fleet.generate(**KITE, matte={**MATTE, "mask_model": "mask-model", "masks": masks})

    assert job.request().matte.masks[1].mask == stored(files, "mask.png")
    assert ledger.jobs.row(job.id).stage is Stage.PREPARE


def test_every_local_file_that_cannot_be_read_is_named(fleet, alive, tmp_path):
    with pytest.raises(InputMissing) as refused:
        fleet.matte(source=tmp_path / "no.mp4", masks=[{"mask": tmp_path / "no.png"}], model="matte-model")

    assert {problem["field"] for problem in refused.value.details["problems"]} == {"source", "masks.0"}


def test_resolving_a_matting_gives_the_checked_request_and_touches_nothing(fleet, catalogue, files):
    request = fleet.resolve(kind="matte", source=files / "clip.mp4", masks=[{"mask": MASK}], model="matte-model")

    assert (request.kind, request.warmup, request.source) == ("matte", 10, stored(files, "clip.mp4"))
    assert fleet.jobs() == []
    assert not (files / "store").exists()


def test_resolving_refuses_what_a_job_would_be_refused_for(fleet, catalogue):
    with pytest.raises(InvalidRequest, match="clip-model generates"):
        fleet.resolve(kind="matte", source=MASK, masks=[{"mask": MASK}], model="clip-model")


def test_models_of_every_kind_are_listed(fleet, catalogue):
    assert {card.name: card.kind for card in fleet.models()} == {
        "clip-model": "generate",
        "image-model": "generate",
        "mask-model": "mask",
        "matte-model": "matte",
    }


def test_a_retry_of_a_matting_goes_on_after_its_frames(fleet, ledger, alive, worker):
    old = fleet.matte(**CLIP, mask=MASK, idempotency_key="order-42")
    ledger.jobs.keep_checkpoint(worker.claim(old.id), CheckpointRef("jobs/old/checkpoints/1.safetensors", 120, 300))
    worker.fail(old.id)

    new = fleet.retry(old.id)

    assert new.request() == old.request().model_copy(update={"idempotency_key": None})
    assert new.status().notes[0].endswith("from its checkpoint after frame 120/300")


def test_a_generation_names_the_job_that_will_matte_its_result(fleet, alive):
    with_matting, without = fleet.generate(**KITE, matte=MATTE), fleet.generate(**KITE)

    assert with_matting.follow_up().id == with_matting.status().follow_up == follow_up_id(with_matting.id)
    assert without.follow_up() is None
    with pytest.raises(JobNotFound):
        with_matting.follow_up().status()


def test_the_result_of_a_generation_is_matted_as_the_request_asks(fleet, alive, worker):
    asked = {**KITE, "tenant": "studio", "tags": ["a"], "preemptible": False, "timeout_s": 900, "idempotency_key": "order-42"}
    job = fleet.generate(**asked, matte=MatteOptions(**MATTE, output_type="greenscreen"))
    job.set_priority(1)

    worker.run(job.id)

    follow_up = job.follow_up()
    assert follow_up.request() == MatteRequest(
        **MATTE,
        output_type="greenscreen",
        source=job.result().artifacts[0].uri,
        tenant="studio",
        tags=["a"],
        preemptible=False,
        timeout_s=900,
        priority=1,
    )
    assert follow_up.status().notes == (f"mattes the result of job {job.id}",)


def test_the_matting_of_a_result_is_submitted_once_however_often_it_is_asked_for(fleet, ledger, alive, redis_url):
    job = fleet.generate(**KITE, matte=MATTE)
    app = producer_app(redis_url)

    first = enqueue_follow_up(ledger, app, ledger.jobs.row(job.id), "s3://bucket/clip.mp4")
    job.set_priority(9)
    second = enqueue_follow_up(ledger, app, ledger.jobs.row(job.id), "s3://bucket/clip.mp4")

    assert first == second == job.status().follow_up
    assert len(fleet.jobs()) == 2


def test_the_matting_of_a_result_is_taken_although_its_model_has_no_worker_any_more(fleet, ledger, alive, worker):
    job = fleet.generate(**KITE, matte=MATTE)
    ledger.workers.leave(alive.name)

    worker.run(job.id)

    assert job.follow_up().status().state == "queued"


def test_a_job_that_asks_for_no_matting_is_a_callers_mistake(fleet, ledger, alive, redis_url):
    job = fleet.generate(**KITE)

    with pytest.raises(ValueError, match="asks for no matting"):
        enqueue_follow_up(ledger, producer_app(redis_url), ledger.jobs.row(job.id), "s3://bucket/clip.mp4")


def test_a_retry_of_a_generation_has_a_matting_of_its_own(fleet, alive, worker):
    old = fleet.generate(**KITE, matte=MATTE)
    worker.fail(old.id)

    new = old.retry()

    assert new.status().follow_up == follow_up_id(new.id) != old.status().follow_up


def test_two_results_may_lie_in_one_folder(fleet, alive, worker, tmp_path):
    job = fleet.generate(**KITE, matte=MATTE)
    worker.run(job.id)
    worker.run(job.follow_up().id)

    first = job.result().download(tmp_path / "out")
    second = job.follow_up().result().download(tmp_path / "out", manifest_name="manifest-matte.json", beside=first)

    assert [path.name for path in (*first, *second)] == ["clip.mp4", "clip-2.mp4"]
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"clip.mp4", "clip-2.mp4", "manifest.json", "manifest-matte.json"}


def test_the_history_tells_mattings_beside_generations(fleet, alive, worker):
    job = fleet.generate(**KITE, seed=7, matte=MATTE)
    worker.run(job.id)
    worker.run(job.follow_up().id)

    for delivered in fleet.jobs():
        append_history(worker.store, worker.store.get_bytes(f"jobs/{delivered.job_id}/manifest.json"))

    told = {record["kind"]: (record["prompt"], record["seed"], record["size"], record["frames"]) for record in fleet.history()}

    assert told == {"generate": ("a red kite", "7", "64x64", 9), "matte": (None, None, "64x64", 9)}
