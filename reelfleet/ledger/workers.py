"""Workers that say they live, and those that were asked to drain."""

from __future__ import annotations

import json
from collections.abc import Sequence

from pydantic import ValidationError

from reelfleet.contract.errors import ContractMismatch
from reelfleet.contract.worker import WorkerInfo, WorkerRole, WorkerState
from reelfleet.ledger.connection import Connection
from reelfleet.ledger.row import required_instant
from reelfleet.ledger.types import Fault

DRAIN_KEPT_S = 86_400
"""How long an order to drain waits for a worker that is away."""
WARM_KEPT_S = 86_400
"""How long a worker's list of warm models is believed without being told again."""


class Workers:
    """Heartbeats, drains and faults."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def beat(self, info: WorkerInfo, ttl_s: float) -> None:
        """Say that a worker lives and what it does; without another beat it counts as gone after ``ttl_s`` seconds."""
        self._connection.run("beat", name=info.name, info=info.model_dump_json(), ttl_ms=round(ttl_s * 1000))

    def set_warm(self, name: str, models: Sequence[str]) -> None:
        """Say which models a worker holds in memory, most recently used last; said by the child that holds them."""
        self._connection.command("SET", self._connection.keys.warm(name), "\n".join(models), "EX", WARM_KEPT_S)

    def warm(self, name: str) -> tuple[str, ...]:
        """Return the models that a worker holds in memory, most recently used last."""
        text = self._connection.command("GET", self._connection.keys.warm(name)) or b""
        return tuple(text.decode().split("\n")) if text else ()

    def leave(self, name: str) -> None:
        """Say that a worker is gone for good; an order to drain is done with that, so that its successor of the same name serves."""
        keys = self._connection.keys
        self._connection.pipeline(
            [("ZREM", keys.workers, name), ("HDEL", keys.worker_infos, name), ("DEL", keys.drain(name), keys.warm(name), keys.faults(name))]
        )

    def all(self) -> list[WorkerInfo]:
        """Return every living worker by name; ``seen`` is Redis' clock, and one that was asked to drain is ``draining``.

        Raises:
            ContractMismatch: when a worker of another version of reelfleet is among them.
        """
        _, living = self._connection.run("list_workers")
        return sorted((_info(text.decode(), asked_to_drain=drain == b"1") for text, drain in living), key=lambda info: info.name)

    def serving(self, model: str) -> list[WorkerInfo]:
        """Return the GPU workers that serve a model and go on doing so."""
        return [
            info for info in self.all() if info.role is WorkerRole.GPU and model in info.models and info.state is not WorkerState.DRAINING
        ]

    def request_drain(self, name: str, reason: str = "") -> None:
        """Order a worker to give back what it holds, take nothing new and exit; kept for a day if the worker is away.

        The fleet is told, once per reason. A worker orders it to itself when its device fails.
        """
        self._connection.run("request_drain", worker=name, reason=reason, kept_s=DRAIN_KEPT_S)

    def cancel_drain(self, name: str) -> None:
        """Take an order to drain back, as long as the worker has not left."""
        self._connection.command("DEL", self._connection.keys.drain(name))

    def drain_requested(self, name: str) -> bool:
        """Return whether the worker was asked to drain."""
        return self.drain_reason(name) is not None

    def drain_reason(self, name: str) -> str | None:
        """Return why the worker was asked to drain: an empty text when nobody said, ``None`` when it was not asked."""
        reason: bytes | None = self._connection.command("GET", self._connection.keys.drain(name))
        return None if reason is None else reason.decode()

    def faults(self, name: str) -> tuple[Fault, ...]:
        """Return what went wrong on a worker since a stage last ended well there, in the order in which it did; at most the last ten.

        Errors that say nothing about the device are not among them, nor processes that were killed for an abort.
        """
        found: list[bytes] = self._connection.command("LRANGE", self._connection.keys.faults(name), 0, -1)
        return tuple(_fault(text) for text in reversed(found))

    def clear_faults(self, name: str) -> None:
        """Forget what went wrong on a worker: its process, or its device, was replaced."""
        self._connection.command("DEL", self._connection.keys.faults(name))


def _fault(text: bytes) -> Fault:
    data = json.loads(text)
    return Fault(data["job_id"], data["model"], data["code"], required_instant(data["at"]))


def _info(text: str, *, asked_to_drain: bool) -> WorkerInfo:
    seen, _, document = text.partition(" ")
    try:
        info = WorkerInfo.model_validate_json(document)
    except ValidationError as error:
        raise ContractMismatch(f"a worker of another version of reelfleet lives here: {error}; upgrade the older side") from error
    state = WorkerState.DRAINING if asked_to_drain else info.state
    return info.model_copy(update={"seen": required_instant(seen), "state": state})
