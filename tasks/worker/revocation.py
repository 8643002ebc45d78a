"""What Celery says about a ticket behind the ledger's back: a revoke from Flower, a child that died."""

from __future__ import annotations

import logging
from typing import Any

from billiard.exceptions import WorkerLostError
from celery.signals import task_failure, task_revoked

from reelfleet.contract.errors import FleetError
from tasks.worker.children import kill_child, report_death
from tasks.worker.parent import current_parent, job_of_ticket

logger = logging.getLogger(__name__)


@task_revoked.connect
def on_revoked(request: Any = None, *, terminated: bool = False, **_: Any) -> None:
    """Put a revoke or terminate into the ledger, so that the steward does not issue the ticket again."""
    parent = current_parent()
    job_id = job_of_ticket(str(request.id)) if request is not None else None
    if parent is None or job_id is None:
        return
    try:
        parent.ledger.jobs.abort(job_id, "terminated through Celery" if terminated else "revoked through Celery")
        if terminated:
            # Children do not heed SIGTERM, so that one to the worker's group does not take their jobs with it.
            kill_child(parent, job_id, request, "terminated through Celery")
    except FleetError as error:
        logger.warning("the revoke of job %s was not recorded: %s", job_id, error.message)


@task_failure.connect
def on_child_lost(task_id: str = "", exception: BaseException | None = None, **_: Any) -> None:
    """Give a job back at once when its child died, instead of waiting for the lease to run out."""
    parent = current_parent()
    job_id = job_of_ticket(task_id)
    if parent is None or job_id is None or not isinstance(exception, WorkerLostError):
        return
    killed = parent.killed.pop(job_id, None)
    if killed is None:
        logger.error("the process of job %s died: %s", job_id, exception)
        report_death(parent, job_id, str(exception))
    elif not killed.reported:
        report_death(parent, job_id, killed.exit_text, counts=killed.counts)
