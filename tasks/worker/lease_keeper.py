"""Renews the lease of what the children are doing, also while they load a model and no step comes by."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from reelfleet.ledger.answers import Kept, Watch
from tasks.worker.children import kill_child

if TYPE_CHECKING:
    from tasks.worker.parent import WorkerParent

REMEMBERED_PIDS = 64


class LeaseKeeper:
    """Keeps leases while the child lives and its phase is within its time limit.

    A child past that limit is killed, and so is one that does not honour an abort or the job's deadline within
    ``abort_grace_s``: the death of the child gives the job back (:mod:`tasks.worker.revocation`), and an aborted job
    ends with that.
    """

    def __init__(self, parent: WorkerParent) -> None:
        """Keep for the children of ``parent``."""
        self._parent = parent
        self._extended_at: dict[str, float] = {}

    def keep(self) -> None:
        """Look at every job of this worker, and extend the leases whose turn it is.

        Raises:
            BrokerUnavailable: when Redis does not answer.
        """
        active = self._parent.active_requests()
        self._extended_at = {job_id: at for job_id, at in self._extended_at.items() if job_id in active}
        self._forget_pids()
        for job_id, request in active.items():
            self._parent.pids[job_id] = request.worker_pid
            reason = self._reason_to_kill(self._looked_at(job_id))
            if reason:
                kill_child(self._parent, job_id, request, reason)

    def _forget_pids(self) -> None:
        """Forget the oldest: a job that is not active any more may be one whose death is just being told."""
        pids = self._parent.pids
        for job_id in list(pids)[:-REMEMBERED_PIDS]:
            del pids[job_id]

    def _looked_at(self, job_id: str) -> Watch:
        parent, now = self._parent, time.monotonic()
        due = now - self._extended_at.get(job_id, 0.0) >= parent.settings.keep_alive_s
        watch = parent.ledger.jobs.keep(job_id, worker=parent.identity.name, lease_ms=parent.settings.lease_ms if due else None)
        if due:
            self._extended_at[job_id] = now
        return watch

    def _reason_to_kill(self, watch: Watch) -> str:
        grace_s = self._parent.settings.abort_grace_s
        if watch.kept is Kept.OVERRAN:
            return "its phase, or one step of it, took longer than it may"
        if watch.kept is Kept.ABORTING and watch.for_s >= grace_s:
            return f"it did not stop within {grace_s:g} s of its abort"
        if watch.kept is Kept.OUT_OF_TIME and watch.for_s >= grace_s:
            return f"it did not stop within {grace_s:g} s of its deadline"
        return ""
