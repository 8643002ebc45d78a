"""Removes checkpoints that nobody can go on from: of jobs that were delivered, aborted or forgotten."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from reelfleet.store import Store, open_store
from tasks.checkpoints.places import checkpoint_prefix

if TYPE_CHECKING:
    from tasks.worker.parent import WorkerParent

logger = logging.getLogger(__name__)


class CheckpointSweep:
    """A duty of cpu workers; several may sweep at once.

    The ledger knows which jobs had some before the store has them, so none is forgotten whoever died in between. Those of
    failed and quarantined jobs are kept as long as the job's row, for a retry.
    """

    def __init__(self, parent: WorkerParent) -> None:
        """Sweep the store that ``parent``'s settings name."""
        self._parent = parent
        self._store: Store | None = None

    def sweep(self) -> None:
        """Remove what can go.

        Raises:
            BrokerUnavailable, StoreUnavailable: when one of them does not answer; the rest is removed later.
        """
        steward = self._parent.ledger.steward
        for job_id in steward.useless_checkpoints():
            self._opened().delete_prefix(checkpoint_prefix(job_id))
            steward.checkpoints_removed(job_id)
            logger.info("removed the checkpoints of job %s", job_id)

    def _opened(self) -> Store:
        if self._store is None:
            settings = self._parent.settings
            self._store = open_store(settings.store_url, retry=settings.store_retry)
        return self._store
