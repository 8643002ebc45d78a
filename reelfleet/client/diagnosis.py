"""Whether everything that a fleet stands on is as it should be."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import redis

from reelfleet import __version__
from reelfleet.contract.base import Frozen
from reelfleet.contract.errors import BrokerUnavailable, ContractMismatch, FleetError, StoreUnavailable
from reelfleet.contract.worker import WorkerRole
from reelfleet.redaction import redacted_url

if TYPE_CHECKING:
    from reelfleet.client.connections import Connections

CLOCK_LIMIT_S = 5.0


class Verdict(StrEnum):
    """How a check came out."""

    OK = "ok"
    #: Works, and is not as it should be.
    WARN = "warn"
    #: Does not work.
    FAIL = "fail"


class Check(Frozen):
    """One thing that was looked at."""

    name: str
    verdict: Verdict
    found: str
    mend: str = ""
    unreachable: bool = False


def diagnose(connections: Connections) -> Iterator[Check]:
    """Look at broker, store and workers, and yield each finding as it is known."""
    broker = _attempt("broker", lambda: _broker(connections))
    yield broker
    if broker.verdict is not Verdict.FAIL:
        info = _server_info(connections)
        yield _durability(info)
        yield _eviction(info)
        yield _clock(connections)
    yield from _store(connections)
    if broker.verdict is not Verdict.FAIL:
        yield _attempt("workers", lambda: _workers(connections))
        yield _attempt("versions", lambda: _versions(connections))
        yield _attempt("steward", lambda: _steward(connections))


def _attempt(name: str, look: Callable[[], Check]) -> Check:
    try:
        return look()
    except FleetError as error:
        unreachable = isinstance(error, BrokerUnavailable | StoreUnavailable)
        return Check(name=name, verdict=Verdict.FAIL, found=error.message, mend=_MEND.get(name, ""), unreachable=unreachable)


_MEND = {
    "broker": "start Redis, or set REEL_BROKER_URL (--broker-url) to where it is",
    "store": "set REEL_STORE_URL (--store-url) and the AWS_* variables to where it is",
    "versions": "run the same version of reelfleet on every side",
}


def _broker(connections: Connections) -> Check:
    connections.ledger.ping()
    return Check(name="broker", verdict=Verdict.OK, found=f"{redacted_url(connections.settings.broker_url)} answers")


def _server_info(connections: Connections) -> dict[str, Any]:
    settings = connections.settings
    client = redis.Redis.from_url(
        settings.broker_url, socket_timeout=settings.connect_timeout_s, socket_connect_timeout=settings.connect_timeout_s
    )
    try:
        # All sections: before version 7 Redis takes no list of them.
        answer: Any = client.info()
        return dict(answer)
    except redis.RedisError:
        # A hosted Redis may forbid INFO; then the checks below say that they cannot tell.
        return {}
    finally:
        client.close()


def _durability(info: dict[str, Any]) -> Check:
    if info.get("aof_enabled") == 1:
        return Check(name="durability", verdict=Verdict.OK, found="Redis keeps an append-only file")
    found = "Redis keeps no append-only file" if info else "Redis does not tell whether it keeps an append-only file"
    return Check(
        name="durability",
        verdict=Verdict.WARN,
        found=found,
        mend="set `appendonly yes` in redis.conf, or jobs are lost when Redis restarts",
    )


def _eviction(info: dict[str, Any]) -> Check:
    policy = info.get("maxmemory_policy", "unknown")
    if policy == "noeviction":
        return Check(name="eviction", verdict=Verdict.OK, found="Redis evicts nothing")
    return Check(
        name="eviction",
        verdict=Verdict.WARN,
        found=f"Redis' maxmemory-policy is {policy}",
        mend="set `maxmemory-policy noeviction`, or jobs vanish when memory is short",
    )


def _clock(connections: Connections) -> Check:
    off = abs(time.time() - connections.ledger.now().timestamp())
    if off <= CLOCK_LIMIT_S:
        return Check(name="clock", verdict=Verdict.OK, found=f"this machine and Redis differ by {off:.1f} s")
    return Check(
        name="clock",
        verdict=Verdict.WARN,
        found=f"this machine and Redis differ by {off:.0f} s",
        mend="let both keep time with NTP; S3 refuses signatures that are 15 minutes off",
    )


def _store(connections: Connections) -> Iterator[Check]:
    def reach() -> Check:
        connections.store.check()
        return Check(name="store", verdict=Verdict.OK, found=f"{redacted_url(connections.settings.store_url)} can be written and read")

    def condition() -> Check:
        if connections.store.probe_conditional():
            return Check(name="commit", verdict=Verdict.OK, found="the store refuses a second write of one key (If-None-Match)")
        return Check(name="commit", verdict=Verdict.OK, found="the store has no conditional write; commits are decided in the ledger")

    reached = _attempt("store", reach)
    yield reached
    if reached.verdict is Verdict.OK:
        yield _attempt("commit", condition)


def _workers(connections: Connections) -> Check:
    alive = connections.ledger.workers.all()
    gpu = [worker for worker in alive if worker.role is WorkerRole.GPU]
    if gpu and len(gpu) < len(alive):
        return Check(name="workers", verdict=Verdict.OK, found=f"{len(gpu)} gpu and {len(alive) - len(gpu)} cpu workers are alive")
    missing = " and no ".join(role for role, there in (("gpu", gpu), ("cpu", len(alive) > len(gpu))) if not there)
    return Check(name="workers", verdict=Verdict.WARN, found=f"no {missing} worker is alive", mend="start one: honcho start -c gpu=1,cpu=1")


def _versions(connections: Connections) -> Check:
    others = sorted({worker.version for worker in connections.ledger.workers.all()} - {__version__})
    if not others:
        return Check(name="versions", verdict=Verdict.OK, found=f"every side is {__version__}")
    raise ContractMismatch(f"this side is {__version__}, and there are workers of {', '.join(others)}")


def _steward(connections: Connections) -> Check:
    holder = connections.ledger.steward.on_duty()
    if holder is not None:
        return Check(name="steward", verdict=Verdict.OK, found=f"{holder} sweeps")
    return Check(
        name="steward",
        verdict=Verdict.WARN,
        found="no cpu worker sweeps: lost tickets and dead workers' jobs are not picked up",
        mend="start a cpu worker",
    )
