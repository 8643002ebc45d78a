from reelfleet.client.overview import pauses_over
from reelfleet.contract.job import JobState
from reelfleet.contract.names import Stage
from reelfleet.contract.worker import WorkerRole
from tests.fixtures.producers import CARDS, worker_info

KITE = {"model": "clip-model", "prompt": "a red kite"}


def test_queues_tell_who_waits_and_who_serves(fleet, ledger, alive):
    ledger.workers.beat(worker_info("cpu0@here", WorkerRole.CPU), ttl_s=600)
    for _ in range(2):
        fleet.generate(**KITE)

    queues = {queue.name: queue for queue in fleet.queues()}

    assert set(queues) == {"reel.cpu", *(f"reel.gpu.{card.name}" for card in CARDS)}
    assert (queues["reel.gpu.clip-model"].waiting, queues["reel.gpu.clip-model"].workers) == (2, ("gpu0@here",))
    assert (queues["reel.cpu"].waiting, queues["reel.cpu"].workers) == (0, ("cpu0@here",))


def test_a_paused_queue_shows_also_when_nothing_waits_there(fleet, ledger):
    ledger.pauses.pause("queue:reel.gpu.old-model", "ann", "")

    assert [queue.name for queue in fleet.queues() if queue.paused] == ["reel.gpu.old-model"]


def test_a_worker_still_shows_at_a_queue_that_it_does_not_consume_while_it_is_paused(fleet, ledger, catalogue):
    ledger.workers.beat(worker_info(queues=("reel.gpu.image-model",)), ttl_s=600)
    ledger.workers.beat(worker_info("cpu0@here", WorkerRole.CPU, queues=()), ttl_s=600)

    queues = {queue.name: queue.workers for queue in fleet.queues()}

    assert queues["reel.gpu.clip-model"] == ("gpu0@here",)
    assert queues["reel.cpu"] == ("cpu0@here",)


def test_a_pause_of_the_fleet_pauses_every_queue(fleet, ledger, catalogue):
    ledger.pauses.pause("fleet", "ann", "")

    assert all(queue.paused for queue in fleet.queues())


def test_the_fleet_at_a_glance(fleet, ledger, alive, worker):
    done, _ = fleet.generate(**KITE), fleet.generate(**KITE)
    worker.run(done.id)
    ledger.pauses.pause("worker:gpu0@here", "ann", "night")

    status = fleet.status()

    assert (status.jobs["succeeded"], status.jobs["queued"], status.jobs["failed"]) == (1, 1, 0)
    assert [info.name for info in status.workers] == ["gpu0@here"]
    assert status.pauses["worker:gpu0@here"].reason == "night"


def test_jobs_are_listed_newest_first_and_by_state_and_tenant(fleet, alive, worker):
    first = fleet.generate(**KITE)
    second = fleet.generate(**KITE, tenant="a")
    worker.run(first.id)

    assert [job.job_id for job in fleet.jobs()] == [second.id, first.id]
    assert [job.job_id for job in fleet.jobs(state=JobState.SUCCEEDED)] == [first.id]
    assert [job.job_id for job in fleet.jobs(state="queued", tenant="a")] == [second.id]
    assert fleet.jobs(tenant="b") == []


def test_models_are_listed_by_name_whether_or_not_they_are_served(fleet, catalogue):
    assert [card.name for card in fleet.models()] == sorted(card.name for card in CARDS)


def test_a_job_that_waits_is_held_up_by_a_pause_of_the_queue_where_its_stage_waits(fleet, alive, worker, ledger):
    job = fleet.matte(source="s3://bucket/clip.mp4", mask="s3://bucket/mask.png", model="matte-model")
    scopes = ["fleet", "queue:reel.cpu", "queue:reel.gpu.matte-model", "queue:reel.gpu.mask-model"]
    before = pauses_over(job.status(), scopes)

    ledger.jobs.hand_on(worker.claim(job.id), stage=Stage.MASK, queue="reel.gpu.mask-model")
    ledger.jobs.give_back(worker.claim(job.id))

    assert before == ["fleet", "queue:reel.cpu"]
    assert pauses_over(job.status(), scopes) == ["fleet", "queue:reel.gpu.mask-model"]
