"""Handing a job on: the ledger first, then the ticket."""

from __future__ import annotations

import logging

from reelfleet.contract.errors import BrokerUnavailable
from reelfleet.contract.job import JobState
from reelfleet.contract.names import Stage
from reelfleet.tickets import issue_ticket
from tasks.app import app
from tasks.patience import OUTAGE_PATIENCE_S, patiently
from tasks.stages.context import StageContext

logger = logging.getLogger(__name__)


def hand_on(
    context: StageContext,
    *,
    stage: Stage,
    queue: str,
    host: str | None = None,
    spool: str | None = None,
    report: str | None = None,
    timings: dict[str, float] | None = None,
) -> None:
    """Release the lease, name the next stage and issue its ticket, unless an order stops the job here.

    Raises:
        LeaseLost: when another attempt owns the job.
        BrokerUnavailable: when Redis stayed away past all patience.
    """
    lease, jobs = context.lease, context.process.ledger.jobs
    state = patiently(
        lambda: jobs.hand_on(lease, stage=stage, queue=queue, host=host, spool=spool, timings=timings, report=report),
        for_s=OUTAGE_PATIENCE_S,
    )
    if state is JobState.RUNNING:
        publish(lease.job_id, stage, queue=queue, priority=context.job.priority)


def publish(job_id: str, stage: Stage, *, queue: str, priority: int) -> None:
    """Issue a ticket; one that cannot be published is issued by the steward later."""
    try:
        issue_ticket(app, job_id, stage, queue=queue, priority=priority)
    except BrokerUnavailable as error:
        logger.warning("%s", error.message)
