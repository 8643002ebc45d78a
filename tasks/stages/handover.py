"""Handing a job on: the ledger first, then the ticket."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from reelfleet.contract.job import JobState
from reelfleet.contract.names import Stage, host_queue
from reelfleet.submission import publish_ticket
from tasks.app import app
from tasks.patience import OUTAGE_PATIENCE_S, patiently
from tasks.stages.context import StageContext, spool_root

if TYPE_CHECKING:
    from pipelines.report import GenerationReport


def hand_to_delivery(context: StageContext, folder: Path, report: GenerationReport) -> None:
    """Hand on what lies in this attempt's spool ``folder`` to whoever delivers on this host; raises as :func:`hand_on`."""
    host = context.process.identity.host
    hand_on(
        context,
        stage=Stage.DELIVER,
        queue=host_queue(host),
        host=host,
        spool=str(folder.relative_to(spool_root(context.process))),
        report=report.model_dump_json(),
    )


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
        publish_ticket(app, lease.job_id, stage, queue=queue, priority=context.job.priority)
