import base64
import hashlib
import json
import threading

import pytest
import redis

from reelfleet import Fleet, GenerateRequest, OutputOptions
from reelfleet.contract.errors import BrokerUnavailable, IdempotencyConflict, InvalidRequest, NoWorker
from reelfleet.contract.request import parse_request
from reelfleet.ledger.types import CheckpointRef
from reelfleet.submission import submit
from reelfleet.tickets import producer_app

KITE = {"model": "clip-model", "prompt": "a red kite"}


@pytest.fixture
def tickets(redis_url):
    """Reads the tickets of a queue's list, as kombu wrote them."""
    client = redis.Redis.from_url(redis_url)

    def read(queue_list: str) -> list[dict]:
        return [json.loads(message) for message in client.lrange(queue_list, 0, -1)]

    yield read
    client.close()


def test_one_ticket_with_job_and_stage_and_nothing_more(fleet, alive, tickets):
    job = fleet.generate(**KITE, priority=0)

    (ticket,) = tickets("reel.gpu.clip-model")

    assert ticket["headers"]["task"] == "reel.generate"
    assert json.loads(base64.b64decode(ticket["body"]))[0] == [job.id, "generate"]


def test_priorities_have_lists_of_their_own(fleet, alive, tickets):
    fleet.generate(**KITE, priority=9)

    assert len(tickets("reel.gpu.clip-model\x06\x169")) == 1


def test_the_seed_is_drawn_at_submit_and_recorded(fleet, alive):
    job = fleet.generate(**KITE)

    assert job.request().seed is not None
    assert fleet.job(job.id).request() == job.request()


def test_a_whole_request_may_be_a_model_or_a_mapping_and_fields_are_the_same(fleet, alive):
    asked = [
        fleet.generate(GenerateRequest(**KITE, seed=3, output=OutputOptions(container="webm"))),
        fleet.submit({**KITE, "seed": 3, "output": {"container": "webm"}}),
        fleet.generate(**KITE, seed=3, output=OutputOptions(container="webm")),
    ]

    assert len({job.id for job in asked}) == 3
    assert all(job.request() == asked[0].request() for job in asked)


def test_a_request_and_fields_at_once_are_refused(fleet, alive):
    with pytest.raises(InvalidRequest, match="not both"):
        fleet.generate(KITE, seed=3)


def test_the_same_key_and_request_give_the_same_job_and_the_first_seed(fleet, alive):
    first = fleet.generate(**KITE, idempotency_key="order-42")
    seed = first.request().seed

    second = fleet.generate(**KITE, idempotency_key="order-42")

    assert second.id == first.id
    assert second.request().seed == seed


def test_the_same_key_with_another_request_is_an_error(fleet, alive):
    fleet.generate(**KITE, idempotency_key="order-42")

    with pytest.raises(IdempotencyConflict):
        fleet.generate(**KITE, seed=1, idempotency_key="order-42")


def test_tenants_do_not_share_keys(fleet, alive):
    assert fleet.generate(**KITE, idempotency_key="1", tenant="a").id != fleet.generate(**KITE, idempotency_key="1", tenant="b").id


def test_asking_again_finds_the_job_though_its_worker_is_gone(fleet, ledger, alive):
    first = fleet.generate(**KITE, idempotency_key="order-42")
    ledger.workers.leave(alive.name)

    assert fleet.generate(**KITE, idempotency_key="order-42").id == first.id
    with pytest.raises(NoWorker):
        fleet.generate(**KITE, idempotency_key="order-43")


def test_a_chosen_id_makes_one_job(fleet, alive):
    ids = {fleet.generate(**KITE, job_id="my-own-id-0001").id for _ in range(2)}

    assert ids == {"my-own-id-0001"}
    assert len(fleet.jobs()) == 1


@pytest.mark.parametrize("job_id", ["short", "-leading", "a/b/c/d/e/f", "x" * 65, "../../../etc"])
def test_a_chosen_id_that_could_not_be_part_of_a_key_is_refused(fleet, alive, job_id):
    with pytest.raises(InvalidRequest, match="job_id"):
        fleet.generate(**KITE, job_id=job_id)


def test_many_threads_with_one_key_make_one_job(fleet, alive):
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(fleet.generate(**KITE, idempotency_key="one").id)) for _ in range(8)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 8
    assert len(set(found)) == 1


def test_local_inputs_lie_in_the_store_under_their_hash(fleet, alive, tmp_path):
    picture = tmp_path / "a picture ü.png"
    picture.write_bytes(b"picture")
    sha256 = hashlib.sha256(b"picture").hexdigest()

    jobs = [fleet.generate(**KITE, image_start=picture), fleet.generate(**KITE, image_start=str(picture))]

    assert (tmp_path / "store" / "inputs" / sha256).read_bytes() == b"picture"
    assert {job.request().image_start for job in jobs} == {(tmp_path / "store" / "inputs" / sha256).as_uri()}


def test_uris_pass_through(fleet, alive):
    assert fleet.generate(**KITE, image_start="s3://bucket/k.png").request().image_start == "s3://bucket/k.png"


def test_a_ticket_that_cannot_be_published_is_no_error(ledger, alive):
    nowhere = producer_app("redis://127.0.0.1:1/0")

    submission = submit(ledger, nowhere, KITE)

    assert submission.created
    assert not submission.ticketed
    assert submission.status.state == "queued"


def test_without_redis_the_submit_says_so(store_url):
    with Fleet("redis://:secret@127.0.0.1:1/0", store_url) as fleet, pytest.raises(BrokerUnavailable) as refused:
        fleet.generate(**KITE)

    assert "secret" not in refused.value.message


def test_a_retry_is_a_new_job_of_the_same_request_and_seed_and_notes_it(fleet, alive, worker):
    old = fleet.generate(**KITE, idempotency_key="order-42")
    worker.fail(old.id)

    new = fleet.retry(old.id)

    assert new.id != old.id
    assert new.request() == parse_request({**old.request().model_dump(mode="json"), "idempotency_key": None})
    assert new.status().notes == (f"retries job {old.id}, which failed, from the beginning",)
    assert old.status().state == "failed"


CHECKPOINT = CheckpointRef("jobs/old/checkpoints/1.safetensors", 2, 4)


def left_a_checkpoint(fleet, ledger, worker, end: str):
    """A job that took a checkpoint after its second step and then ended."""
    job = fleet.generate(**KITE)
    ledger.jobs.keep_checkpoint(worker.claim(job.id), CHECKPOINT)
    getattr(worker, end)(job.id)
    return job


@pytest.mark.parametrize("end", ["fail", "quarantine"])
def test_a_retry_goes_on_from_the_checkpoint_of_a_job_that_failed_or_was_quarantined(fleet, ledger, alive, worker, end):
    old = left_a_checkpoint(fleet, ledger, worker, end)

    new = old.retry()

    assert ledger.jobs.row(new.id).checkpoint == CHECKPOINT
    assert new.status().notes[0].endswith("from its checkpoint after step 2/4")


def test_a_retry_from_scratch_leaves_the_checkpoint_alone(fleet, ledger, alive, worker):
    old = left_a_checkpoint(fleet, ledger, worker, "fail")

    new = old.retry(from_scratch=True)

    assert new.status().checkpoint is None
    assert new.status().notes[0].endswith("from the beginning")
    assert ledger.jobs.row(old.id).checkpoint == CHECKPOINT


def test_a_retry_does_not_borrow_the_checkpoint_of_a_job_that_may_replace_it(fleet, ledger, alive, worker):
    old = fleet.generate(**KITE)
    ledger.jobs.keep_checkpoint(worker.claim(old.id), CHECKPOINT)

    assert old.retry().status().checkpoint is None


def test_resolving_writes_nothing(fleet, ledger, catalogue, tmp_path):
    picture = tmp_path / "start.png"
    picture.write_bytes(b"picture")

    spec = fleet.resolve(**KITE, size="32x32", image_start=picture)

    assert (spec.width, spec.frames, spec.steps) == (32, 9, 4)
    assert fleet.jobs() == []
    assert not (tmp_path / "store").exists()
