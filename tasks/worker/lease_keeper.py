"""Renews the lease of what the children are doing, also while they load a model and no step comes by."""

from __future__ import annotations

import logging
import signal
from typing import TYPE_CHECKING, Any

from reelfleet.ledger.types import Kept

if TYPE_CHECKING:
    from tasks.worker.parent import WorkerParent

logger = logging.getLogger(__name__)


class LeaseKeeper:
    """Keeps leases while the child lives and its phase is within its time limit; a child past it is killed."""

    def __init__(self, parent: WorkerParent) -> None:
        """Keep for the children of ``parent``."""
        self._parent = parent

    def keep(self) -> None:
        """Renew once.

        Raises:
            BrokerUnavailable: when Redis does not answer.
        """
        parent = self._parent
        for job_id, request in parent.active_requests().items():
            kept = parent.ledger.jobs.keep(job_id, worker=parent.identity.name, lease_ms=parent.settings.lease_ms)
            if kept is Kept.OVERRAN:
                self._kill(job_id, request)

    def _kill(self, job_id: str, request: Any) -> None:
        """End a child that is stuck; its lease runs out and the job goes on elsewhere."""
        logger.error("job %s is past the time limit of its phase; its process %s is killed", job_id, request.worker_pid)
        consumer = self._parent.consumer
        if consumer is not None and request.worker_pid:
            consumer.pool.terminate_job(request.worker_pid, signal.SIGKILL)
