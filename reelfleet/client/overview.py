"""The fleet at a glance."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from pydantic import Field

from reelfleet.contract.base import Frozen
from reelfleet.contract.job import JobState
from reelfleet.contract.names import CPU_QUEUE, gpu_queue, host_queue
from reelfleet.contract.worker import WorkerInfo, WorkerRole

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reelfleet.contract.job import JobStatus
    from reelfleet.ledger import Ledger


class QueueStatus(Frozen):
    """One queue."""

    name: str
    waiting: int = Field(ge=0, description="jobs whose next stage waits here")
    workers: tuple[str, ...] = Field(default=(), description="living workers that take jobs from it, also while it is paused")
    paused: bool = False


class PauseStatus(Frozen):
    """A pause that holds."""

    by: str
    reason: str
    at: datetime
    keep_warm: bool = Field(default=False, description="models stay in memory")


class FleetStatus(Frozen):
    """Jobs, queues, workers and pauses."""

    jobs: dict[str, int] = Field(description="how many jobs are in each state")
    queues: tuple[QueueStatus, ...]
    workers: tuple[WorkerInfo, ...]
    pauses: dict[str, PauseStatus] = Field(description="what is paused, by scope")


def takes(worker: WorkerInfo, queue: str) -> bool:
    """Return whether a worker takes jobs from a queue, or would if the queue were not paused."""
    if queue in worker.queues:
        return True
    if worker.role is WorkerRole.CPU:
        return queue in {CPU_QUEUE, host_queue(worker.host)}
    return any(queue == gpu_queue(model) for model in worker.models)


def pauses_over(status: JobStatus, scopes: Iterable[str]) -> list[str]:
    """Return those of the paused scopes that keep a job that waits from being taken by any worker."""
    if status.state is not JobState.QUEUED:
        return []
    return [scope for scope in scopes if scope in {"fleet", f"queue:{status.queue}"}]


def read_queues(ledger: Ledger) -> tuple[QueueStatus, ...]:
    """Return every queue that has waiting jobs, a consumer, a pause or a published model."""
    waiting = ledger.steward.waiting_counts()
    pauses = ledger.pauses.all()
    alive = ledger.workers.all()
    names = {CPU_QUEUE, *waiting, *(gpu_queue(card.name) for card in ledger.models.all())}
    names |= {queue for worker in alive for queue in worker.queues}
    names |= {scope.removeprefix("queue:") for scope in pauses if scope.startswith("queue:")}
    return tuple(
        QueueStatus(
            name=name,
            waiting=waiting.get(name, 0),
            workers=tuple(sorted(worker.name for worker in alive if takes(worker, name))),
            paused="fleet" in pauses or f"queue:{name}" in pauses,
        )
        for name in sorted(names)
    )
