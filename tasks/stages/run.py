"""From a ticket to a claimed stage, and from whatever ended it to the ledger."""

from __future__ import annotations

import logging
import os
import secrets
from typing import TYPE_CHECKING, Any

from reelfleet.contract.errors import Aborted, BrokerUnavailable, LeaseLost, TimedOut
from reelfleet.contract.names import GPU_STAGES, Stage
from reelfleet.ledger.answers import Refusal
from reelfleet.ledger.types import Claim
from reelfleet.submission import publish_ticket
from tasks.app import app
from tasks.checkpoints.keeper import CheckpointKeeper
from tasks.patience import patiently
from tasks.process import WorkerProcess, current_process
from tasks.resumable import RESUMABLE_STAGES
from tasks.stages.announce import Announcer
from tasks.stages.cleaning import clean
from tasks.stages.context import StageContext
from tasks.stages.endings import end_failed, end_given_back, end_stopped
from tasks.stages.give_back import GiveBack
from tasks.stages.observer import LedgerObserver

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger(__name__)

CLAIM_PATIENCE_S = 10.0
EXIT_SPENT = 75
"""sysexits.h EX_TEMPFAIL: the pool starts another process."""


def run_stage(task: Any, job_id: str, stage: Stage, work: Callable[[StageContext], None]) -> str:
    """Claim the stage that a ticket names and run it; return a word for Flower's result column."""
    process = current_process()
    if process.spent:
        _leave_to_a_fresh_process(process, job_id, stage)
    token = secrets.token_hex(8)  # a claim whose answer was lost is repeated and is still the same claim
    try:
        answer = patiently(lambda: _claim(process, job_id, stage, token), for_s=CLAIM_PATIENCE_S)
    except BrokerUnavailable as error:
        logger.warning("ticket of job %s dropped, the steward issues it again: %s", job_id, error.message)
        return "dropped: no Redis"
    if isinstance(answer, Refusal):
        logger.info("ticket of job %s (%s) dropped: %s", job_id, stage.value, answer.detail)
        return f"dropped: {answer.reason.value}"
    keeper = CheckpointKeeper(process, answer.lease, answer.job.checkpoint) if stage in RESUMABLE_STAGES else None
    observer = LedgerObserver(process.ledger, answer.lease, process.settings, Announcer(task), keeper)
    return _run_claimed(StageContext(process, answer.lease, answer.job, observer, keeper), work)


def _claim(process: WorkerProcess, job_id: str, stage: Stage, token: str) -> Claim | Refusal:
    identity = process.identity
    return process.ledger.jobs.claim(
        job_id,
        stage,
        worker=identity.name,
        host=identity.host,
        lease_ms=process.settings.lease_ms,
        token=token,
        memory_bytes=process.engine.device.memory_bytes if stage in GPU_STAGES else None,
    )


def _run_claimed(context: StageContext, work: Callable[[StageContext], None]) -> str:
    lease = context.lease
    try:
        work(context)
    except LeaseLost as error:
        logger.warning("job %s: %s", lease.job_id, error.message)
        # The frames that this stage was given belong to whoever delivers the job now.
        clean(context, given_frames=False)
        return "lease lost"
    except GiveBack as order:
        return end_given_back(context, order)
    except (Aborted, TimedOut) as error:
        end_stopped(context, error)
        return error.code.value
    except Exception as error:  # noqa: BLE001 - whatever a pipeline raises must end in the ledger
        return end_failed(context, error)
    return "done"


def _leave_to_a_fresh_process(process: WorkerProcess, job_id: str, stage: Stage) -> None:
    """End this process, whose device does not answer any more, before it spoils another job; the ticket is issued anew."""
    logger.error("this process ends: %s", process.spent)
    try:
        status = process.ledger.jobs.row(job_id)
        publish_ticket(app, job_id, stage, queue=status.queue, priority=status.priority)
    finally:
        os._exit(EXIT_SPENT)
