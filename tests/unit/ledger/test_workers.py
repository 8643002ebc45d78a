"""Workers, devices and models as the fleet knows them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from reelfleet.contract.errors import ContractMismatch
from reelfleet.contract.model_card import Modality, ModelCard, ModelDefaults, ModelLimits
from reelfleet.contract.worker import WorkerInfo, WorkerRole, WorkerState
from tests.fixtures.waiting import wait_until
from tests.unit.ledger.builders import redis_now


def worker(
    name: str = "gpu0@host-a", *, role: WorkerRole = WorkerRole.GPU, state: WorkerState = WorkerState.IDLE, models=("tiny-wan",)
) -> WorkerInfo:
    return WorkerInfo(
        name=name, role=role, host="host-a", pid=1, state=state, models=models, seen=datetime(2001, 1, 1, tzinfo=UTC), version="0.1.0"
    )


def card(name: str = "tiny-flux", **changes) -> ModelCard:
    return ModelCard(
        **{
            "name": name,
            "title": "Tiny",
            "family": "flux",
            "modality": Modality.IMAGE,
            "licence": "Apache-2.0",
            "defaults": ModelDefaults(size="64x64", steps=4, guidance=1.0),
            "limits": ModelLimits(size_multiple=16, max_pixels=4096, max_steps=50),
            "memory_gib": 0.1,
            "step_resume": True,
            **changes,
        }
    )


def test_a_worker_that_beats_is_known_with_the_time_by_redis_clock(ledger):
    before = redis_now(ledger)
    ledger.workers.beat(worker(), ttl_s=60)

    (found,) = ledger.workers.all()

    assert found.model_copy(update={"seen": worker().seen}) == worker()
    assert abs((found.seen - before).total_seconds()) < 60


def test_a_worker_that_falls_silent_is_gone(ledger, redis_client):
    ledger.workers.beat(worker("gpu0@host-a"), ttl_s=0.005)
    ledger.workers.beat(worker("gpu1@host-a"), ttl_s=60)

    wait_until(lambda: len(ledger.workers.all()) == 1, what="the silent worker to be gone", every=0.002)

    assert [info.name for info in ledger.workers.all()] == ["gpu1@host-a"]
    assert (redis_client.zcard("reel:workers"), redis_client.hlen("reel:worker_infos")) == (1, 1)


def test_a_worker_that_leaves_is_gone_at_once(ledger):
    ledger.workers.beat(worker(), ttl_s=60)

    ledger.workers.leave("gpu0@host-a")

    assert ledger.workers.all() == []


def test_workers_serve_the_models_that_they_name_unless_they_drain(ledger):
    ledger.workers.beat(worker("gpu0@host-a"), ttl_s=60)
    ledger.workers.beat(worker("gpu1@host-a", models=("tiny-flux",)), ttl_s=60)
    ledger.workers.beat(worker("gpu2@host-a", state=WorkerState.DRAINING), ttl_s=60)
    ledger.workers.beat(worker("gpu3@host-a"), ttl_s=60)
    ledger.workers.beat(worker("cpu0@host-a", role=WorkerRole.CPU), ttl_s=60)
    ledger.workers.request_drain("gpu3@host-a")

    assert [info.name for info in ledger.workers.serving("tiny-wan")] == ["gpu0@host-a"]
    assert ledger.workers.serving("no-such-model") == []


def test_an_order_to_drain_waits_for_its_worker_and_is_done_when_that_leaves(ledger):
    ledger.workers.request_drain("gpu0@host-a")
    ledger.workers.beat(worker(), ttl_s=60)

    assert ledger.workers.drain_requested("gpu0@host-a")
    assert not ledger.workers.drain_requested("gpu1@host-a")
    assert [info.state for info in ledger.workers.all()] == [WorkerState.DRAINING]

    ledger.workers.leave("gpu0@host-a")
    assert not ledger.workers.drain_requested("gpu0@host-a")


def test_warm_models_are_remembered_in_order_until_the_worker_leaves(ledger):
    assert ledger.workers.warm("gpu0@host-a") == ()

    ledger.workers.set_warm("gpu0@host-a", ["tiny-wan", "tiny-flux"])
    assert ledger.workers.warm("gpu0@host-a") == ("tiny-wan", "tiny-flux")

    ledger.workers.set_warm("gpu0@host-a", [])
    assert ledger.workers.warm("gpu0@host-a") == ()

    ledger.workers.set_warm("gpu0@host-a", ["tiny-wan"])
    ledger.workers.leave("gpu0@host-a")
    assert ledger.workers.warm("gpu0@host-a") == ()


def test_a_worker_of_another_version_is_refused_by_name(ledger, redis_client):
    ledger.workers.beat(worker(), ttl_s=60)
    redis_client.hset("reel:worker_infos", "gpu0@host-a", '1 {"name": "gpu0@host-a", "mood": "fine"}')

    with pytest.raises(ContractMismatch, match="another version"):
        ledger.workers.all()


def test_a_device_has_one_holder(ledger):
    assert ledger.devices.acquire("GPU-1", "gpu0@host-a", 60_000)

    assert not ledger.devices.acquire("GPU-1", "gpu1@host-a", 60_000)
    assert ledger.devices.acquire("GPU-2", "gpu1@host-a", 60_000)
    assert ledger.devices.holder("GPU-1") == "gpu0@host-a"


def test_a_holder_takes_its_own_device_again(ledger):
    ledger.devices.acquire("GPU-1", "gpu0@host-a", 60_000)

    assert ledger.devices.acquire("GPU-1", "gpu0@host-a", 60_000)


def test_a_device_is_given_up_by_its_holder_alone(ledger):
    ledger.devices.acquire("GPU-1", "gpu0@host-a", 60_000)

    ledger.devices.release("GPU-1", "gpu1@host-a")
    assert ledger.devices.holder("GPU-1") == "gpu0@host-a"

    ledger.devices.release("GPU-1", "gpu0@host-a")
    assert ledger.devices.holder("GPU-1") is None


def test_a_device_whose_holder_fell_silent_is_free_and_lost_to_it(ledger):
    ledger.devices.acquire("GPU-1", "gpu0@host-a", 5)

    wait_until(lambda: ledger.devices.acquire("GPU-1", "gpu1@host-a", 60_000), what="the device to be free", every=0.002)

    assert not ledger.devices.renew("GPU-1", "gpu0@host-a", 60_000)
    assert ledger.devices.renew("GPU-1", "gpu1@host-a", 60_000)


def test_a_device_is_kept_for_longer_by_renewing_it(ledger, redis_client):
    ledger.devices.acquire("GPU-1", "gpu0@host-a", 1000)

    assert ledger.devices.renew("GPU-1", "gpu0@host-a", 60_000)

    assert redis_client.pttl("reel:lock:device:GPU-1") > 1000


def test_a_device_that_ran_out_is_not_kept_by_renewing_it(ledger):
    ledger.devices.acquire("GPU-1", "gpu0@host-a", 5)
    wait_until(lambda: ledger.devices.holder("GPU-1") is None, what="the device to be free", every=0.002)

    assert not ledger.devices.renew("GPU-1", "gpu0@host-a", 60_000)


def test_published_models_are_known_without_their_worker(ledger):
    ledger.models.publish([card("tiny-flux"), card("flux")], "gpu0@host-a")
    ledger.models.publish([card("tiny-flux", title="Tinier")], "gpu1@host-a")
    ledger.models.publish([], "gpu2@host-a")

    assert [found.name for found in ledger.models.all()] == ["flux", "tiny-flux"]
    assert ledger.models.get("tiny-flux") == card("tiny-flux", title="Tinier")
    assert ledger.models.get("no-such-model") is None


def test_a_card_of_another_version_is_refused_by_name(ledger, redis_client):
    redis_client.hset("reel:models", "odd", '{"worker": "gpu9@host-z", "card": {"name": "odd"}}')

    for read in (lambda: ledger.models.get("odd"), ledger.models.all):
        with pytest.raises(ContractMismatch, match=r"odd .*gpu9@host-z"):
            read()
