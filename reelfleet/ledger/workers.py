"""Workers that say they live, and those that were asked to drain."""

from __future__ import annotations

from reelfleet.contract.worker import WorkerInfo, WorkerRole, WorkerState
from reelfleet.ledger.connection import Connection
from reelfleet.ledger.row import instant

DRAIN_KEPT_S = 86_400
"""How long an order to drain waits for a worker that is away."""


class Workers:
    """Heartbeats and drains."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def beat(self, info: WorkerInfo, ttl_s: float) -> None:
        """Say that a worker lives and what it does; without another beat it counts as gone after ``ttl_s`` seconds."""
        self._connection.run("beat", name=info.name, info=info.model_dump_json(), ttl_ms=round(ttl_s * 1000))

    def leave(self, name: str) -> None:
        """Say that a worker is gone for good; an order to drain is done with that, so that its successor of the same name serves."""
        keys = self._connection.keys
        self._connection.pipeline([("ZREM", keys.workers, name), ("HDEL", keys.worker_infos, name), ("DEL", keys.drain(name))])

    def all(self) -> list[WorkerInfo]:
        """Return every living worker by name; ``seen`` is Redis' clock, and one that was asked to drain is ``draining``."""
        _, living = self._connection.run("list_workers")
        infos = []
        for text, drain in living:
            seen, _, document = text.decode().partition(" ")
            info = WorkerInfo.model_validate_json(document)
            state = WorkerState.DRAINING if drain == b"1" else info.state
            infos.append(info.model_copy(update={"seen": instant(seen), "state": state}))
        return sorted(infos, key=lambda info: info.name)

    def serving(self, model: str) -> list[WorkerInfo]:
        """Return the GPU workers that serve a model and go on doing so."""
        return [
            info for info in self.all() if info.role is WorkerRole.GPU and model in info.models and info.state is not WorkerState.DRAINING
        ]

    def request_drain(self, name: str) -> None:
        """Order a worker to finish what it holds, take nothing new and exit; kept for a day if the worker is away."""
        self._connection.command("SET", self._connection.keys.drain(name), "1", "EX", DRAIN_KEPT_S)

    def drain_requested(self, name: str) -> bool:
        """Return whether the worker was asked to drain."""
        return bool(self._connection.command("EXISTS", self._connection.keys.drain(name)))
