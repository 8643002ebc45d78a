"""Which queues this worker takes tickets from: its own, less those that are paused, none while it drains."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tasks.worker.parent import WorkerParent


def paused_among(queues: Iterable[str], pauses: Iterable[str], worker: str) -> frozenset[str]:
    """Return the queues that may not be consumed under these pause scopes."""
    scopes = set(pauses)
    if "fleet" in scopes or f"worker:{worker}" in scopes:
        return frozenset(queues)
    return frozenset(queue for queue in queues if f"queue:{queue}" in scopes)


def obey(parent: WorkerParent) -> None:
    """Read pauses from the ledger and act on them; a worker that drains takes nothing.

    Raises:
        BrokerUnavailable: when Redis does not answer; what was last known stays in force.
    """
    pauses = parent.ledger.pauses.all()
    stopped = frozenset(parent.queues) if parent.draining else paused_among(parent.queues, pauses, parent.identity.name)
    parent.paused_queues = stopped
    consumer = parent.consumer
    if consumer is not None:
        consumer.call_soon(apply_to_consumer, parent, consumer)


def apply_to_consumer(parent: WorkerParent, consumer: Any) -> None:
    """Start and stop consuming so that it matches; runs in Celery's own thread."""
    task_consumer = consumer.task_consumer
    if task_consumer is None:
        return
    for queue in parent.queues:
        stopped = queue in parent.paused_queues
        if stopped and task_consumer.consuming_from(queue):
            consumer.cancel_task_queue(queue)
        elif not stopped and not task_consumer.consuming_from(queue):
            consumer.add_task_queue(queue)
