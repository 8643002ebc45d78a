"""How a stage that did not hand its job on ends in the ledger: by an order, by an error, or given back."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from persistence.errors_entry import write_error_entry
from reelfleet.contract.errors import Aborted, BrokerUnavailable, FleetError, LeaseLost, StoreUnavailable, TimedOut, as_fleet_error
from reelfleet.contract.names import Stage, gpu_queue, host_queue, main_stage
from reelfleet.submission import publish_ticket
from tasks.app import app
from tasks.patience import OUTAGE_PATIENCE_S, patiently
from tasks.stages.cleaning import clean, clean_host
from tasks.stages.verdict import verdict_on

if TYPE_CHECKING:
    from collections.abc import Callable

    from reelfleet.ledger.types import JobRow, Lease
    from tasks.process import WorkerProcess
    from tasks.stages.context import StageContext
    from tasks.stages.give_back import GiveBack

logger = logging.getLogger(__name__)

LONGEST_BACKOFF_S = 60.0


def end_stopped(context: StageContext, error: Aborted | TimedOut) -> None:
    """End the job as it was ordered, or as its deadline demands."""
    lease, jobs = context.lease, context.process.ledger.jobs
    clean(context)
    clean_host(context)
    if isinstance(error, Aborted):
        _conclude(context, lambda: jobs.end_aborted(lease, context.observer.progress.phase))
    else:
        _conclude(context, lambda: jobs.end_timed_out(lease))


def end_given_back(context: StageContext, order: GiveBack) -> str:
    """Give the job back: it goes on from its newest checkpoint, in the same attempt, when and where a worker claims it."""
    lease, ledger = context.lease, context.process.ledger
    if context.checkpoints is not None:
        context.checkpoints.finish()
    clean(context, given_frames=False)
    given = _conclude(context, lambda: ledger.jobs.give_back(lease, note=order.note))
    logger.info("job %s given back at %s: %s", lease.job_id, context.observer.progress, order.reason)
    if given is not None and given.ticket is not None:
        due = given.ticket
        publish_ticket(app, due.job_id, due.stage, queue=due.queue, priority=due.priority)
    return f"given back: {order.reason}"


def end_failed(context: StageContext, error: Exception) -> str:
    """Report an error; another attempt follows if that can help and one is left."""
    lease, process = context.lease, context.process
    failure = as_fleet_error(error)
    if failure is not error:
        logger.error("job %s failed in %s", lease.job_id, context.observer.progress, exc_info=error)
    else:
        logger.warning("job %s failed in %s: %s", lease.job_id, context.observer.progress, failure.message)
    if failure.worker_fatal:
        process.spent = failure.message
    _write_entry(process, context.job, lease, failure)
    verdict = verdict_on(failure, context)
    frames_kept = lease.stage is Stage.DELIVER and isinstance(failure, StoreUnavailable)
    retry_stage, retry_queue = _retry_of(context, frames_kept=frames_kept)
    state = _conclude(
        context,
        lambda: process.ledger.jobs.fail(
            lease,
            verdict.error,
            retry_stage=retry_stage,
            retry_queue=retry_queue,
            backoff_s=min(LONGEST_BACKOFF_S, process.settings.retry_backoff_s * 2 ** min(lease.attempt - 1, 16)),
            counts=verdict.counts,
            needs_memory=verdict.needs_memory,
        ),
    )
    ended = state is not None and state.terminal
    if not frames_kept or ended:
        clean(context)
    if ended:
        clean_host(context)
    return failure.code.value


def _retry_of(context: StageContext, *, frames_kept: bool) -> tuple[Stage, str]:
    """Return where another attempt starts: with the kept frames, with the same stage, or with what made the frames."""
    job = context.job
    if context.lease.stage is Stage.DELIVER and not frames_kept:
        return main_stage(job.request.kind), gpu_queue(job.request.model)
    if context.lease.stage is Stage.DELIVER:
        return Stage.DELIVER, host_queue(context.process.identity.host)
    return context.lease.stage, job.queue


def _conclude(context: StageContext, call: Callable[[], Any]) -> Any:
    try:
        return patiently(call, for_s=OUTAGE_PATIENCE_S)
    except (LeaseLost, BrokerUnavailable) as error:
        logger.warning("the end of job %s was not recorded: %s", context.lease.job_id, error.message)
        return None


def _write_entry(process: WorkerProcess, job: JobRow, lease: Lease, failure: FleetError) -> None:
    try:
        write_error_entry(
            process.store, job_id=lease.job_id, fence=lease.fence, attempt=lease.attempt, error=failure.to_wire(), request=job.request
        )
    except FleetError as error:
        logger.warning("the error entry of job %s was not written: %s", lease.job_id, error.message)
