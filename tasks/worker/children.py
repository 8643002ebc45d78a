"""The processes of the pool: killing one, and what is known of one that died."""

from __future__ import annotations

import logging
import os
import signal
from typing import TYPE_CHECKING, Any

from reelfleet.contract.errors import FleetError
from reelfleet.ledger.types import Diagnosis
from reelfleet.submission import publish_ticket
from tasks.last_words import last_words_of
from tasks.worker.killed import Killed

if TYPE_CHECKING:
    from tasks.worker.parent import WorkerParent

logger = logging.getLogger(__name__)


def kill_child(parent: WorkerParent, job_id: str, request: Any, reason: str, *, counts: bool = True) -> None:
    """Kill the process of a job, once, and give the job back.

    Not through Celery's terminate, which would make a revoke of it: the job may go on. Nor by waiting until Celery notices
    the death, which can take seconds.

    Args:
        parent: whose child it is.
        job_id: the job.
        request: Celery's request of it.
        reason: for the log and the diagnosis.
        counts: whether the job's next run is another attempt.
    """
    if not request.worker_pid or job_id in parent.killed:
        return
    logger.error("job %s: %s; its process %s is killed", job_id, reason, request.worker_pid)
    try:
        os.kill(request.worker_pid, signal.SIGKILL)
    except ProcessLookupError:
        logger.info("process %s had ended; Celery tells how", request.worker_pid)
        return
    exit_text = f"signal 9 (SIGKILL), by its worker: {reason}"
    parent.killed[job_id] = Killed(exit_text, counts=counts, reported=report_death(parent, job_id, exit_text, counts=counts))


def report_death(parent: WorkerParent, job_id: str, exit_text: str, *, counts: bool = True) -> bool:
    """Give the job of a process that died back, and issue its ticket; whether the ledger heard of it.

    Args:
        parent: whose child it was.
        job_id: the job.
        exit_text: how the process ended, for the diagnosis.
        counts: whether the job's next run is another attempt.
    """
    device = parent.device.model_dump(mode="json") if parent.device else {}
    tail = last_words_of(parent.settings.cache_dir, parent.pids.pop(job_id, None))
    try:
        due = parent.ledger.jobs.abandon(
            job_id, worker=parent.identity.name, diagnosis=Diagnosis(exit_signal=exit_text, stderr_tail=tail, device=device), counts=counts
        )
    except FleetError as error:
        logger.warning("job %s waits until its lease runs out: %s", job_id, error.message)
        return False
    if due is not None:
        publish_ticket(parent.app, due.job_id, due.stage, queue=due.queue, priority=due.priority)
    return True


def kill_idle(parent: WorkerParent) -> bool:
    """Replace the pool's processes, if none of them has a job: the pool starts new ones, with fresh memory."""
    if parent.active_requests():
        return False
    for process in parent.pool_processes():
        logger.warning("process %s is replaced", process.pid)
        os.kill(process.pid, signal.SIGKILL)
    return True
