"""From a ticket to a claimed stage, and from whatever ended it to the ledger."""

from __future__ import annotations

import logging
import secrets
from typing import TYPE_CHECKING, Any

from persistence.errors_entry import write_error_entry
from reelfleet.contract.errors import Aborted, BrokerUnavailable, FleetError, LeaseLost, StoreUnavailable, TimedOut, as_fleet_error
from reelfleet.contract.manifest import Manifest
from reelfleet.contract.names import Stage, gpu_queue, host_queue
from reelfleet.ledger.types import JobRow, Lease, Refusal
from tasks.patience import OUTAGE_PATIENCE_S, patiently
from tasks.process import WorkerProcess, current_process
from tasks.stages.announce import Announcer
from tasks.stages.context import StageContext, discard_spool, spool_root
from tasks.stages.observer import LedgerObserver

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger(__name__)

CLAIM_PATIENCE_S = 10.0


def run_stage(task: Any, job_id: str, stage: Stage, work: Callable[[StageContext], None]) -> str:
    """Claim the stage that a ticket names and run it; return a word for Flower's result column."""
    process = current_process()
    identity, settings = process.identity, process.settings
    token = secrets.token_hex(8)  # a claim whose answer was lost is repeated and is still the same claim
    try:
        answer = patiently(
            lambda: process.ledger.jobs.claim(
                job_id, stage, worker=identity.name, host=identity.host, lease_ms=settings.lease_ms, token=token
            ),
            for_s=CLAIM_PATIENCE_S,
        )
    except BrokerUnavailable as error:
        logger.warning("ticket of job %s dropped, the steward issues it again: %s", job_id, error.message)
        return "dropped: no Redis"
    if isinstance(answer, Refusal):
        logger.info("ticket of job %s (%s) dropped: %s", job_id, stage.value, answer.detail)
        return f"dropped: {answer.reason.value}"
    observer = LedgerObserver(process.ledger, answer.lease, settings, Announcer(task))
    context = StageContext(process=process, lease=answer.lease, job=answer.job, observer=observer)
    return _run_claimed(context, work)


def _run_claimed(context: StageContext, work: Callable[[StageContext], None]) -> str:
    lease = context.lease
    try:
        work(context)
    except LeaseLost as error:
        logger.warning("job %s: %s", lease.job_id, error.message)
        # The frames that this stage was given belong to whoever delivers the job now.
        _clean(context, given_frames=False)
        return "lease lost"
    except (Aborted, TimedOut) as error:
        _end_stopped(context, error)
        return error.code.value
    except Exception as error:  # noqa: BLE001 - whatever a pipeline raises must end in the ledger
        return _end_failed(context, error)
    return "done"


def _end_stopped(context: StageContext, error: Aborted | TimedOut) -> None:
    lease, jobs = context.lease, context.process.ledger.jobs
    _clean(context)
    if isinstance(error, Aborted):
        _conclude(context, lambda: jobs.end_aborted(lease, context.observer.progress.phase))
    else:
        _conclude(context, lambda: jobs.end_timed_out(lease))


def _end_failed(context: StageContext, error: Exception) -> str:
    lease, process = context.lease, context.process
    failure = as_fleet_error(error)
    if failure is not error:
        logger.error("job %s failed in %s", lease.job_id, context.observer.progress, exc_info=error)
    else:
        logger.warning("job %s failed in %s: %s", lease.job_id, context.observer.progress, failure.message)
    _write_entry(process, context.job, lease, failure)
    wire = failure.to_wire()
    frames_kept = lease.stage is Stage.DELIVER and isinstance(failure, StoreUnavailable)
    retry_stage, retry_queue = _retry_of(context, frames_kept=frames_kept)
    state = _conclude(
        context,
        lambda: process.ledger.jobs.fail(
            lease,
            wire,
            retry_stage=retry_stage,
            retry_queue=retry_queue,
            backoff_s=process.settings.retry_backoff_s * 2 ** (lease.attempt - 1),
        ),
    )
    if not frames_kept or (state is not None and state.terminal):
        _clean(context)
    return failure.code.value


def _retry_of(context: StageContext, *, frames_kept: bool) -> tuple[Stage, str]:
    """Return where another attempt starts: with the kept frames, with the same stage, or with the generation."""
    job = context.job
    if context.lease.stage is Stage.DELIVER and not frames_kept:
        return Stage.GENERATE, gpu_queue(job.request.model)
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


def _clean(context: StageContext, *, given_frames: bool = True) -> None:
    """Remove what the attempt left: its objects, the frames that it made and, with ``given_frames``, those that it was handed."""
    lease, process = context.lease, context.process
    discard_spool(process, context.spool_folder())
    if lease.stage is not Stage.DELIVER:
        return
    if context.job.spool and given_frames:
        discard_spool(process, spool_root(process) / context.job.spool)
    try:
        if not _is_decided(context):
            process.store.delete_prefix(f"jobs/{lease.job_id}/attempts/{lease.fence}/")
    except FleetError as error:
        logger.warning("objects of a stopped attempt of job %s remain: %s", lease.job_id, error.message)


def _is_decided(context: StageContext) -> bool:
    """Whether the job's manifest names this attempt's objects: another attempt may be about to commit it."""
    decided = context.process.ledger.jobs.decided(context.lease.job_id)
    return decided is not None and Manifest.model_validate_json(decided).predicate.fence == context.lease.fence
