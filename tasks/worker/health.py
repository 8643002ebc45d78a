"""Takes a device out of service that fails one job after the other."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from tasks.worker.children import kill_idle
from tasks.worker.drain import drain_self

if TYPE_CHECKING:
    from reelfleet.ledger.types import Fault
    from tasks.worker.parent import WorkerParent

logger = logging.getLogger(__name__)

FORGOTTEN_S = 3600.0
"""After so long a new row of failures is another trouble."""


class Health:
    """Looks at the failures of different jobs in a row, as the ledger keeps them; a job that goes well ends the row.

    A process that has lost its device, or whose memory does not come back, is mended by another process. When that
    does not help either, it is the device: the worker drains and says why.
    """

    def __init__(self, parent: WorkerParent) -> None:
        """Look after the device of ``parent``."""
        self._parent = parent
        self._replaced_at: float | None = None

    def look(self) -> None:
        """Replace the pool's process at the first row of failures, drain at the second.

        Raises:
            BrokerUnavailable: when Redis does not answer.
        """
        parent = self._parent
        if parent.draining:
            return
        faults = parent.ledger.workers.faults(parent.identity.name)
        if not faults:
            return
        if len({fault.job_id for fault in faults}) < parent.settings.faults_until_drain:
            return
        now = time.monotonic()
        if self._replaced_at is None or now - self._replaced_at > FORGOTTEN_S:
            if kill_idle(parent):
                self._replaced_at = now
                logger.error("%s; its process was replaced", _told(faults))
                parent.ledger.workers.clear_faults(parent.identity.name)
            return
        drain_self(parent, f"{_told(faults)}, also after its process was replaced: look at the device before you start this worker again")


def _told(faults: tuple[Fault, ...]) -> str:
    codes = ", ".join(sorted({fault.code for fault in faults}))
    return f"{len({fault.job_id for fault in faults})} jobs in a row failed on this device ({codes})"
