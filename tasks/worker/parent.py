"""What the parent process of a worker holds. The one place of such state; made when the worker starts."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from celery import Celery
from celery.worker import state

from config.settings import Settings
from pipelines.device import DeviceInfo
from reelfleet import __version__
from reelfleet.contract.names import Stage
from reelfleet.contract.worker import WorkerInfo, WorkerRole, WorkerState
from reelfleet.ledger import Ledger
from tasks.identity import WorkerIdentity
from tasks.worker.killed import Killed


@dataclass
class WorkerParent:
    """The parent of a pool: who it is, what it reaches, what it is told."""

    app: Celery
    settings: Settings
    identity: WorkerIdentity
    ledger: Ledger
    device: DeviceInfo | None
    models: tuple[str, ...]
    queues: tuple[str, ...]
    pid: int
    pool: Any = field(repr=False)
    """Celery's pool; its processes do the work."""
    draining: bool = field(default=False)
    drain_until: float = field(default=0.0)
    """Until when running jobs may go on while it drains, by the monotonic clock."""
    stop_signal: str = field(default="")
    """The signal that told it to stop, until the attendant has made a drain of it."""
    trouble: str = field(default="")
    """Why it takes itself out."""
    paused_queues: frozenset[str] = field(default=frozenset())
    consumer: Any = field(default=None, repr=False)
    pids: dict[str, int | None] = field(default_factory=dict)
    """The processes of jobs, by job id."""
    killed: dict[str, Killed] = field(default_factory=dict)
    """Whom it killed, by job id, until it hears of the death."""

    def active_requests(self) -> dict[str, Any]:
        """Return what the pool's children are working on: Celery requests by job id."""
        # The set belongs to Celery's consumer thread; copying it can meet a change and is then tried again.
        for _ in range(10):
            try:
                requests = list(state.active_requests)
                break
            except RuntimeError:
                continue
        else:
            return {}
        jobs = ((job_of_ticket(request.id), request) for request in requests)
        return {job_id: request for job_id, request in jobs if job_id is not None}

    def pool_processes(self) -> list[Any]:
        """Return the living processes of the pool."""
        return list(self.pool._pool._pool)  # noqa: SLF001 - Celery wraps billiard's pool and shows pids only in its statistics

    def state(self) -> WorkerState:
        """Return what the worker is doing."""
        if self.draining:
            return WorkerState.DRAINING
        if self.active_requests():
            return WorkerState.BUSY
        return WorkerState.PAUSED if self.queues and self.paused_queues >= set(self.queues) else WorkerState.IDLE

    def info(self) -> WorkerInfo:
        """Return the worker as the fleet sees it."""
        warm = self.ledger.workers.warm(self.identity.name) if self.identity.role is WorkerRole.GPU else ()
        return WorkerInfo(
            name=self.identity.name,
            role=self.identity.role,
            host=self.identity.host,
            pid=self.pid,
            state=self.state(),
            queues=tuple(queue for queue in self.queues if queue not in self.paused_queues),
            models=self.models,
            warm_models=warm,
            device=self.device.model_dump(mode="json") if self.device else {},
            job_id=next(iter(self.active_requests()), None),
            seen=datetime.now(UTC),
            version=__version__,
            trouble=self.trouble,
        )


def job_of_ticket(ticket_id: str) -> str | None:
    """Return the job of a ticket's Celery task id, or none if the id is no ticket's."""
    job_id, _, stage = ticket_id.partition(":")
    return job_id if stage in {item.value for item in Stage} else None


_current: WorkerParent | None = None


def set_current_parent(parent: WorkerParent | None) -> None:
    """Set or clear this process' parent state."""
    global _current  # noqa: PLW0603 - the one place of this process' state
    _current = parent


def current_parent() -> WorkerParent | None:
    """Return this process' parent state, or none in a pool child, a control client or Flower."""
    return _current
