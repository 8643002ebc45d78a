"""What Celery says about a ticket behind the ledger's back: a revoke from Flower, a child that died."""

from __future__ import annotations

import logging
from typing import Any

from billiard.exceptions import WorkerLostError
from celery.signals import task_failure, task_revoked

from reelfleet.contract.errors import FleetError
from reelfleet.tickets import issue_ticket
from tasks.worker.children import diagnose, kill_child
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
            parent.ledger.jobs.abandon(job_id, worker=parent.identity.name)
    except FleetError as error:
        logger.warning("the revoke of job %s was not recorded: %s", job_id, error.message)


@task_failure.connect
def on_child_lost(task_id: str = "", exception: BaseException | None = None, **_: Any) -> None:
    """Give a job back at once when its child died, instead of waiting for the lease to run out."""
    parent = current_parent()
    job_id = job_of_ticket(task_id)
    if parent is None or job_id is None or not isinstance(exception, WorkerLostError):
        return
    logger.error("the process of job %s died: %s", job_id, exception)
    killed = parent.killed.pop(job_id, None)
    try:
        due = parent.ledger.jobs.abandon(
            job_id,
            worker=parent.identity.name,
            diagnosis=diagnose(parent, job_id, str(exception), killed),
            counts=killed is None or killed.counts,
        )
        if due is not None:
            issue_ticket(parent.app, due.job_id, due.stage, queue=due.queue, priority=due.priority)
    except FleetError as error:
        logger.warning("job %s waits until its lease runs out: %s", job_id, error.message)
