"""The step hook: tells the ledger how far a stage is and hears what is wanted, in one round trip."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from reelfleet.contract.errors import Aborted, BrokerUnavailable, TimedOut
from reelfleet.contract.job import Phase, Progress
from reelfleet.ledger.types import Order
from tasks.patience import OUTAGE_PATIENCE_S, patiently

if TYPE_CHECKING:
    from collections.abc import Callable

    from config.settings import Settings
    from reelfleet.ledger import Ledger
    from reelfleet.ledger.types import Lease

logger = logging.getLogger(__name__)

HOLD_POLL_S = 0.2
QUIET_S = 0.05
"""Outside the denoise loop, how long to go between two round trips."""
RETRY_S = 1.0
"""While Redis is away, how long to go between two tries."""


class LedgerObserver:
    """Implements :class:`pipelines.observer.Observer` and serves the other stages alike.

    Redis being away does not stop the work: the stage goes on, and the first renewal after the outage tells
    whether the job is still ours (``LeaseLost`` if not).
    """

    def __init__(self, ledger: Ledger, lease: Lease, settings: Settings, announce: Callable[[Progress], None]) -> None:
        """Watch one claimed stage; ``announce`` is told every progress that the ledger was told."""
        self._ledger, self._lease, self._settings, self._announce = ledger, lease, settings, announce
        self._progress = Progress(phase=Phase.FETCH)
        self._phase_began = time.monotonic()
        self._asked_at = 0.0
        self._away_until = 0.0
        self._preview_at = time.monotonic()

    @property
    def progress(self) -> Progress:
        """How far the stage is."""
        return self._progress

    def phase(self, phase: Phase, of: int = 0) -> None:
        """Enter a phase of ``of`` steps.

        Raises:
            Aborted, TimedOut, LeaseLost: when the stage has to stop.
        """
        self._phase_began = time.monotonic()
        self._progress = Progress(phase=phase, step=0, of=of)
        self._exchange(limit_s=self._settings.phase_limit_s(phase))

    def advance(self, step: int, of: int) -> None:
        """Note that ``step`` of ``of`` steps are done; blocks while the job is held.

        Raises:
            Aborted, TimedOut, LeaseLost: when the stage has to stop.
        """
        phase, now = self._progress.phase, time.monotonic()
        elapsed = now - self._phase_began
        rate = step / elapsed if elapsed > 0 and step else None
        eta_s = (of - step) / rate if rate and of else None
        self._progress = Progress(phase=phase, step=step, of=of, rate=_rounded(rate), eta_s=_rounded(eta_s))
        if phase is Phase.DENOISE:
            self._exchange(limit_s=self._settings.phase_limit_s(phase))
        elif step == of or now - self._asked_at >= QUIET_S:
            self._exchange()

    def preview_due(self) -> bool:
        """Whether ``preview_every_s`` went by since the last preview."""
        return time.monotonic() - self._preview_at >= self._settings.preview_every_s

    def preview(self, image: bytes, media_type: str) -> None:
        """Publish a preview; without Redis it is dropped, the next one follows."""
        self._preview_at = time.monotonic()
        try:
            self._ledger.jobs.put_preview(self._lease, image, media_type)
        except BrokerUnavailable as error:
            logger.info("preview of job %s dropped: %s", self._lease.job_id, error.message)

    def _exchange(self, limit_s: float | None = None) -> None:
        """Report, and act on what is wanted; ``limit_s`` starts the phase's time limit, or that of the next step, anew."""
        order = self._ask(limit_s)
        if order is Order.HOLD:
            order = self._hold()
        if order is Order.ABORT:
            raise Aborted(f"aborted while {self._progress}")
        if order is Order.TIMEOUT:
            raise TimedOut(f"the job's time ran out while {self._progress}; allow more with timeout_s")

    def _ask(self, limit_s: float | None = None) -> Order | None:
        """Return what is wanted, or none while Redis is away."""
        now = time.monotonic()
        if now < self._away_until:
            return None
        self._asked_at = now
        try:
            order = self._ledger.jobs.renew(self._lease, lease_ms=self._settings.lease_ms, progress=self._progress, phase_limit_s=limit_s)
        except BrokerUnavailable as error:
            if not self._away_until:
                logger.warning("Redis is away, job %s goes on: %s", self._lease.job_id, error.message)
            self._away_until = time.monotonic() + RETRY_S
            return None
        self._away_until = 0.0
        self._announce(self._progress)
        return order

    def _hold(self) -> Order:
        patiently(lambda: self._ledger.jobs.hold(self._lease), for_s=OUTAGE_PATIENCE_S)
        logger.info("job %s held at %s", self._lease.job_id, self._progress)
        held_at = time.monotonic()
        while (order := self._ask()) in {Order.HOLD, None}:
            time.sleep(HOLD_POLL_S)
        self._phase_began += time.monotonic() - held_at
        if order is Order.GO:
            patiently(lambda: self._ledger.jobs.unhold(self._lease), for_s=OUTAGE_PATIENCE_S)
            logger.info("job %s goes on at %s", self._lease.job_id, self._progress)
        return order or Order.GO


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
