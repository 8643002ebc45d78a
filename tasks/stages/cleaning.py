"""Removes what a stage that did not end well left behind."""

from __future__ import annotations

import logging

from persistence.spool import remove_spool
from reelfleet.contract.errors import FleetError
from reelfleet.contract.manifest import Manifest
from reelfleet.contract.names import Stage
from tasks.stages.context import StageContext, discard_spool, spool_root

logger = logging.getLogger(__name__)


def clean(context: StageContext, *, given_frames: bool = True) -> None:
    """Remove what the attempt left: its objects, the frames that it made and, with ``given_frames``, those that it was handed."""
    lease, process = context.lease, context.process
    discard_spool(process, context.spool_folder())
    if lease.stage is not Stage.DELIVER:
        return
    if context.job.spool:
        frames = spool_root(process) / context.job.spool
        if given_frames:
            discard_spool(process, frames)
        else:
            remove_spool(context.artifacts_folder(frames))
    try:
        if not _is_decided(context):
            process.store.delete_prefix(f"jobs/{lease.job_id}/attempts/{lease.fence}/")
    except FleetError as error:
        logger.warning("objects of a stopped attempt of job %s remain: %s", lease.job_id, error.message)


def clean_host(context: StageContext) -> None:
    """Remove everything of a job that has ended from this host, its checkpoints too: the store has them."""
    discard_spool(context.process, spool_root(context.process) / context.lease.job_id)


def _is_decided(context: StageContext) -> bool:
    """Whether the job's manifest names this attempt's objects: another attempt may be about to commit it."""
    decided = context.process.ledger.jobs.decided(context.lease.job_id)
    return decided is not None and Manifest.model_validate_json(decided).predicate.fence == context.lease.fence
