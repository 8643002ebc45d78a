"""Handing a job on: the ledger first, then the ticket."""

from __future__ import annotations

import logging

from reelfleet.contract.errors import BrokerUnavailable
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
    """Release the lease, name the next stage and issue its ticket.

    Raises:
        LeaseLost: when another attempt owns the job.
        BrokerUnavailable: when Redis stayed away past all patience.
    """
    lease, jobs = context.lease, context.process.ledger.jobs

    def call() -> bool:
        jobs.hand_on(lease, stage=stage, queue=queue, host=host, spool=spool, timings=timings, report=report)
        return True

    def already() -> bool | None:
        row = jobs.row(lease.job_id)
        return True if row.fence == lease.fence and row.stage is stage else None

    patiently(call, for_s=OUTAGE_PATIENCE_S, already=already)
    try:
        issue_ticket(app, lease.job_id, stage, queue=queue, priority=context.job.priority)
    except BrokerUnavailable as error:
        logger.warning("%s", error.message)
