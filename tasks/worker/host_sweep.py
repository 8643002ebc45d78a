"""Removes spools of this host whose jobs have ended: a job aborted between two stages has no worker to clean up after it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from persistence.spool import remove_spool
from reelfleet.contract.errors import JobNotFound

if TYPE_CHECKING:
    from tasks.worker.parent import WorkerParent

logger = logging.getLogger(__name__)


class HostSweep:
    """A duty of cpu workers; several on one host may sweep at once."""

    def __init__(self, parent: WorkerParent) -> None:
        """Sweep the spool folder that ``parent``'s settings name."""
        self._parent = parent

    def sweep(self) -> None:
        """Remove the spools of jobs that ended or are unknown.

        Raises:
            BrokerUnavailable: when Redis does not answer; nothing is removed then.
        """
        root = self._parent.settings.spool_dir
        if not root.is_dir():
            return
        for folder in root.iterdir():
            if folder.is_dir() and self._ended(folder.name):
                logger.info("removing the spool of job %s, which has ended", folder.name)
                remove_spool(folder)

    def _ended(self, job_id: str) -> bool:
        try:
            return self._parent.ledger.jobs.status(job_id).state.terminal
        except JobNotFound:
            # Other folders (downloads under way) have other names; only a job's own folder is a job id.
            return len(job_id) == 32 and job_id.isalnum()  # noqa: PLR2004 - the length of a job id
