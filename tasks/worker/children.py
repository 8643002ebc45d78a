"""The processes of the pool: killing one, and what is known of one that died."""

from __future__ import annotations

import logging
import os
import signal
from typing import TYPE_CHECKING, Any

from reelfleet.ledger.types import Diagnosis
from tasks.last_words import last_words_of
from tasks.worker.killed import Killed

if TYPE_CHECKING:
    from tasks.worker.parent import WorkerParent

logger = logging.getLogger(__name__)


def kill_child(parent: WorkerParent, job_id: str, request: Any, reason: str, *, counts: bool = True) -> None:
    """Kill the process of a job, once; its death gives the job back.

    Not through Celery's terminate, which would make a revoke of it: the job may go on.

    Args:
        parent: remembers why, for whoever hears of the death.
        job_id: the job.
        request: Celery's request of it.
        reason: for the log and the diagnosis.
        counts: whether the job's next run is another attempt.
    """
    if not request.worker_pid or job_id in parent.killed:
        return
    parent.killed[job_id] = Killed(reason=reason, counts=counts)
    logger.error("job %s: %s; its process %s is killed", job_id, reason, request.worker_pid)
    try:
        os.kill(request.worker_pid, signal.SIGKILL)
    except ProcessLookupError:
        logger.info("process %s had ended", request.worker_pid)


def kill_idle(parent: WorkerParent) -> bool:
    """Replace the pool's processes, if none of them has a job: the pool starts new ones, with fresh memory."""
    if parent.active_requests():
        return False
    for process in parent.pool_processes():
        logger.warning("process %s is replaced", process.pid)
        os.kill(process.pid, signal.SIGKILL)
    return True


def diagnose(parent: WorkerParent, job_id: str, exit_text: str, killed: Killed | None) -> Diagnosis:
    """Return what is known of a process that died with a job; ``exit_text`` is what the pool says of it."""
    signal_text = f"{exit_text}; its worker killed it: {killed.reason}" if killed else exit_text
    device = parent.device.model_dump(mode="json") if parent.device else {}
    return Diagnosis(
        exit_signal=signal_text, stderr_tail=last_words_of(parent.settings.cache_dir, parent.pids.pop(job_id, None)), device=device
    )
