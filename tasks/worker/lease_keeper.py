"""Renews the lease of what the children are doing, also while they load a model and no step comes by."""

from __future__ import annotations

import logging
import os
import signal
import time
from typing import TYPE_CHECKING, Any

from reelfleet.ledger.types import Kept

if TYPE_CHECKING:
    from tasks.worker.parent import WorkerParent

logger = logging.getLogger(__name__)


class LeaseKeeper:
    """Keeps leases while the child lives and its phase is within its time limit.

    A child past that limit is killed, and so is one that does not honour an abort within ``abort_grace_s``: the death
    of the child gives the job back (:mod:`tasks.worker.revocation`), and an aborted job ends with that.
    """

    def __init__(self, parent: WorkerParent) -> None:
        """Keep for the children of ``parent``."""
        self._parent = parent
        self._aborting_since: dict[str, float] = {}

    def keep(self) -> None:
        """Renew once.

        Raises:
            BrokerUnavailable: when Redis does not answer.
        """
        parent = self._parent
        active = parent.active_requests()
        self._aborting_since = {job_id: since for job_id, since in self._aborting_since.items() if job_id in active}
        for job_id, request in active.items():
            kept = parent.ledger.jobs.keep(job_id, worker=parent.identity.name, lease_ms=parent.settings.lease_ms)
            if kept is Kept.OVERRAN:
                self._kill(job_id, request, "is past the time limit of its phase")
            elif kept is Kept.ABORTING and self._out_of_grace(job_id):
                self._kill(job_id, request, f"did not stop within {parent.settings.abort_grace_s:g} s of its abort")

    def _out_of_grace(self, job_id: str) -> bool:
        since = self._aborting_since.setdefault(job_id, time.monotonic())
        return time.monotonic() - since >= self._parent.settings.abort_grace_s

    def _kill(self, job_id: str, request: Any, reason: str) -> None:
        logger.error("job %s %s; its process %s is killed", job_id, reason, request.worker_pid)
        # Not through Celery's terminate, which would make a revoke of it: the job may go on in another attempt.
        if request.worker_pid:
            os.kill(request.worker_pid, signal.SIGKILL)
