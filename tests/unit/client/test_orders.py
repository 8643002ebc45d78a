import pytest
import redis

from reelfleet.contract.errors import InvalidRequest, JobNotFound
from reelfleet.contract.event import EventKind
from reelfleet.contract.job import Want
from reelfleet.contract.names import Command
from reelfleet.control import Scope, apply_abort, apply_pause, apply_resume, broadcast, worker_text
from reelfleet.ledger.answers import Order
from reelfleet.tickets import producer_app
from tests.fixtures.producers import worker_info

KITE = {"model": "clip-model", "prompt": "a red kite"}


@pytest.fixture
def job(fleet, alive):
    return fleet.generate(**KITE)


@pytest.fixture
def app(redis_url):
    app = producer_app(redis_url)
    yield app
    app.close()


def waiting_tickets(redis_url, name: str) -> int:
    client = redis.Redis.from_url(redis_url)
    try:
        return client.llen(name)
    finally:
        client.close()


def test_a_waiting_job_is_paused_and_resumed_with_a_new_ticket(job, redis_url):
    job.pause()
    paused = job.status().state
    before = waiting_tickets(redis_url, "reel.gpu.clip-model\x06\x163")

    job.resume()

    assert paused == "paused"
    assert job.status().state == "queued"
    assert waiting_tickets(redis_url, "reel.gpu.clip-model\x06\x163") == before + 1


def test_a_running_job_is_told_to_pause_or_to_go_on(job, worker):
    worker.claim(job.id)

    job.pause()
    told = worker.step(1, 4)
    job.resume()

    assert (told, worker.step(2, 4)) == (Order.PAUSE, Order.GO)


def test_a_paused_job_tells_why_until_it_is_resumed(job):
    job.pause("the client is on holiday")
    paused = job.status().pause_reason
    (told,) = [event.message for event in job.events(follow=False) if event.kind is EventKind.PAUSED]
    job.resume()

    assert (paused, told, job.status().pause_reason) == ("the client is on holiday", "the client is on holiday", None)


def test_a_waiting_job_is_aborted_at_once(job):
    job.abort(reason="wrong prompt")

    status = job.status()
    assert (status.state, status.error.code) == ("aborted", "aborted")
    assert "wrong prompt" in status.error.message


def test_a_running_job_is_told_to_abort(job, worker, ledger):
    worker.claim(job.id)

    job.abort()

    assert worker.step(1, 4) is Order.ABORT
    assert ledger.jobs.row(job.id).want is Want.ABORT


@pytest.mark.parametrize("order", ["pause", "resume", "abort"])
def test_a_job_that_has_ended_is_left_as_it_is(job, worker, order):
    worker.run(job.id)

    getattr(job, order)()

    assert job.status().state == "succeeded"


@pytest.mark.parametrize(
    ("scope", "name"),
    [
        ({"fleet": True}, "fleet"),
        ({"queue": "reel.gpu.clip-model"}, "queue:reel.gpu.clip-model"),
        ({"worker": "gpu0@here"}, "worker:gpu0@here"),
    ],
)
def test_a_pause_of_a_scope_is_recorded_and_taken_back(fleet, ledger, scope, name):
    fleet.pause(**scope, reason="night")
    recorded = ledger.pauses.all()

    fleet.resume(**scope)

    assert list(recorded) == [name]
    assert recorded[name].reason == "night"
    assert ledger.pauses.all() == {}


def test_a_pause_unloads_models_unless_it_keeps_them_warm(fleet, ledger):
    fleet.pause(queue="reel.gpu.clip-model")
    fleet.pause(queue="reel.gpu.image-model", keep_warm=True)

    pauses = fleet.status().pauses
    assert (pauses["queue:reel.gpu.clip-model"].keep_warm, pauses["queue:reel.gpu.image-model"].keep_warm) == (False, True)


def test_a_pause_that_kept_models_warm_may_be_given_again_without(fleet):
    fleet.pause(fleet=True, keep_warm=True)

    fleet.pause(fleet=True)

    assert not fleet.status().pauses["fleet"].keep_warm


def test_a_pause_of_a_job_has_no_models_to_keep_warm(fleet, job, ledger):
    with pytest.raises(InvalidRequest, match="keep_warm"):
        fleet.orders.pause(job_id=job.id, keep_warm=True)

    assert job.status().state == "queued"


def test_workers_are_told_to_keep_models_warm(patient_fleet, alive, listening):
    worker = listening("gpu0@here", reel_pause={"ok": True})

    patient_fleet.pause(worker="gpu0@here", keep_warm=True)

    assert worker.told == [("reel_pause", {"scope": "worker:gpu0@here", "reason": "", "keep_warm": True})]


def test_a_second_pause_keeps_who_paused_first_and_why(ledger, app):
    apply_pause(ledger, app, "fleet", by="ann@desk", reason="night")
    apply_pause(ledger, app, "fleet", by="gpu0@here")

    assert (ledger.pauses.all()["fleet"].by, ledger.pauses.all()["fleet"].reason) == ("ann@desk", "night")


def test_orders_may_be_written_twice(ledger, app, job):
    for _ in range(2):
        apply_pause(ledger, app, f"job:{job.id}", by="x")
    for _ in range(2):
        apply_resume(ledger, app, f"job:{job.id}")
    for _ in range(2):
        apply_abort(ledger, app, job_id=job.id)

    assert job.status().state == "aborted"


def test_aborting_a_queue_leaves_the_others(fleet, catalogue, worker):
    running, waiting, other = (
        fleet.generate(model=name, prompt="x", queue_anyway=True) for name in ("clip-model", "clip-model", "image-model")
    )
    worker.claim(running.id)

    fleet.abort(queue="reel.gpu.clip-model")

    assert (waiting.status().state, other.status().state) == ("aborted", "queued")
    assert worker.step(1, 4) is Order.ABORT


def test_aborting_the_fleet_leaves_none(fleet, catalogue):
    jobs = [fleet.generate(**KITE, queue_anyway=True) for _ in range(3)]
    jobs[0].pause()

    fleet.abort(fleet=True)

    assert {job.status().state for job in jobs} == {"aborted"}


def test_draining_is_recorded(fleet, ledger, alive):
    fleet.drain(alive.name)

    assert ledger.workers.drain_requested(alive.name)
    assert ledger.workers.serving("clip-model") == []


def test_a_drain_tells_why(fleet, ledger, alive):
    fleet.drain(alive.name, reason="new driver")

    assert ledger.workers.drain_reason(alive.name) == "new driver"


def test_a_new_priority_brings_a_new_ticket(fleet, job, redis_url):
    job.set_priority(0)

    assert job.status().priority == 0
    assert waiting_tickets(redis_url, "reel.gpu.clip-model") == 1


@pytest.mark.parametrize("priority", [-1, 10])
def test_a_priority_that_does_not_exist_is_refused(job, priority):
    with pytest.raises(InvalidRequest):
        job.set_priority(priority)


def test_an_order_about_an_unknown_job_is_an_error(fleet, alive):
    with pytest.raises(JobNotFound):
        fleet.abort("nobody-knows-me")


@pytest.mark.parametrize("scope", [{}, {"fleet": True, "queue": "q"}, {"queue": "q", "worker": "w"}, {"queue": ""}, {"queue": "a b"}])
def test_an_order_has_exactly_one_scope(fleet, scope):
    with pytest.raises(InvalidRequest):
        fleet.pause(**scope)


@pytest.mark.parametrize("text", ["", "fleet:x", "queue", "queue:", "host:x", "job:a b"])
def test_a_scope_of_another_form_is_refused(text):
    with pytest.raises(InvalidRequest, match="is no scope"):
        Scope.parse(text)


@pytest.mark.parametrize("text", ["fleet", "queue:reel.gpu.m", "worker:gpu0@h", "job:ab12"])
def test_a_scope_reads_as_it_is_written(text):
    assert str(Scope.parse(text)) == text


def test_the_workers_concerned_are_told_and_answer(patient_fleet, ledger, alive, listening):
    first = listening("gpu0@here", reel_pause={"ok": True, "scope": "fleet"})
    second = listening("gpu1@here", reel_pause={"error": {"code": "internal", "message": "no"}})
    ledger.workers.beat(worker_info("gpu1@here"), ttl_s=600)

    answers = patient_fleet.pause(fleet=True, reason="night")

    assert answers == {"gpu0@here": {"ok": True, "scope": "fleet"}, "gpu1@here": {"error": {"code": "internal", "message": "no"}}}
    assert first.told == second.told == [("reel_pause", {"scope": "fleet", "reason": "night"})]


def test_only_the_holder_of_a_job_is_told(patient_fleet, ledger, job, listening):
    holder, other = listening("gpu0@here", reel_abort={"ok": True}), listening("gpu1@here", reel_abort={"ok": True})
    ledger.workers.beat(worker_info("gpu0@here", job_id=job.id), ttl_s=600)
    ledger.workers.beat(worker_info("gpu1@here"), ttl_s=600)

    answers = patient_fleet.abort(job.id, reason="wrong prompt")

    assert answers == {"gpu0@here": {"ok": True}}
    assert holder.told == [("reel_abort", {"job_id": job.id, "reason": "wrong prompt"})]
    assert other.told == []


def test_a_worker_that_stopped_consuming_a_paused_queue_is_told_that_it_goes_on(patient_fleet, ledger, catalogue, listening):
    ledger.pauses.pause("queue:reel.gpu.clip-model", "ann", "")
    listening("gpu0@here", reel_resume={"ok": True})
    ledger.workers.beat(worker_info(queues=()), ttl_s=600)

    assert patient_fleet.resume(queue="reel.gpu.clip-model") == {"gpu0@here": {"ok": True}}


def test_a_worker_that_is_silent_is_named_and_the_order_stands(fleet, ledger, alive):
    answers = fleet.pause(fleet=True)

    assert answers["gpu0@here"]["error"]["code"] == "wait_timeout"
    assert "fleet" in ledger.pauses.all()


def test_a_worker_tells_in_words_what_it_does(job, worker):
    worker.claim(job.id)
    worker.step(2, 4)
    info = worker_info(state="draining", device={"name": "NVIDIA H200"}, warm_models=("clip-model",), trouble="it is wedged")

    assert worker_text(info, [job.status()], ["fleet"]).split("\n") == [
        "gpu worker, draining, on NVIDIA H200",
        "trouble: it is wedged",
        "warm: clip-model",
        f"job {job.id}: denoise 2/4, attempt 1",
        "paused: fleet",
    ]


def test_a_worker_whose_handler_breaks_answers_with_an_error(app, listening):
    listening("gpu0@here", reel_drain=KeyError("worker"))

    answers = broadcast(app, Command.DRAIN, {"worker": "x"}, workers=["gpu0@here"], timeout=20)

    assert answers["gpu0@here"]["error"]["code"] == "internal"
    assert "worker" in answers["gpu0@here"]["error"]["message"]


@pytest.mark.timeout(30)
def test_a_call_ends_with_the_last_answer_and_not_with_its_timeout(app, listening):
    listening("gpu0@here", reel_status={"ok": True})

    assert broadcast(app, Command.STATUS, {}, workers=["gpu0@here"], timeout=3600) == {"gpu0@here": {"ok": True}}


def test_nobody_is_asked_when_nobody_is_concerned(app):
    assert broadcast(app, Command.STATUS, {}, workers=[]) == {}


def test_without_a_broker_every_worker_has_an_error_and_no_password_shows():
    answers = broadcast(producer_app("redis://:secret@127.0.0.1:1/0"), Command.STATUS, {}, workers=["gpu0@here"])

    assert answers["gpu0@here"]["error"]["code"] == "broker_unavailable"
    assert "secret" not in str(answers)


def test_a_call_works_after_every_connection_was_cut(patient_fleet, app, redis_url, alive, listening):
    broadcast(app, Command.STATUS, {}, workers=[])
    patient_fleet.generate(**KITE)
    client = redis.Redis.from_url(redis_url)
    client.client_kill_filter(_type="normal", skipme=True)
    client.close()
    listening("gpu0@here", reel_pause={"ok": True})

    assert patient_fleet.pause(fleet=True) == {"gpu0@here": {"ok": True}}


def test_calls_leave_nothing_in_redis(app, redis_url, listening):
    listening("gpu0@here", reel_status={"ok": True})
    client = redis.Redis.from_url(redis_url)

    def reply_queues() -> int:
        return len(client.smembers("_kombu.binding.reply.celery.pidbox"))

    broadcast(app, Command.STATUS, {}, workers=["gpu0@here"], timeout=20)
    once = reply_queues()
    for _ in range(5):
        broadcast(app, Command.STATUS, {}, workers=["gpu0@here"], timeout=20)

    assert reply_queues() == once
    client.close()
