"""Removes spools of this host whose jobs have ended: a job aborted between two stages has no worker to clean up after it."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from persistence.spool import remove_spool
from persistence.sweep import STALE_S
from reelfleet.contract.errors import JobNotFound

if TYPE_CHECKING:
    from pathlib import Path

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
            if folder.is_dir() and self._left_behind(folder):
                logger.info("removing %s from the spool: its job has ended", folder.name)
                remove_spool(folder)

    def _left_behind(self, folder: Path) -> bool:
        try:
            return self._parent.ledger.jobs.status(folder.name).state.terminal
        except JobNotFound:
            # A forgotten job, or the scratch folder of a process that was killed.
            return folder.stat().st_mtime < time.time() - STALE_S
