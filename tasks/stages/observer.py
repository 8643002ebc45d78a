"""The step hook: tells the ledger how far a stage is and hears what is wanted, in one round trip."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from reelfleet.contract.errors import Aborted, BrokerUnavailable, TimedOut
from reelfleet.contract.job import Phase, Progress
from reelfleet.ledger.answers import Order
from tasks.patience import OUTAGE_PATIENCE_S, patiently
from tasks.resumable import STEPPED_PHASES
from tasks.stages.give_back import GiveBack
from tasks.stages.step_times import StepTimes

if TYPE_CHECKING:
    from collections.abc import Callable

    from config.settings import Settings
    from pipelines.checkpoint import Snapshot
    from reelfleet.ledger import Ledger
    from reelfleet.ledger.types import Lease
    from tasks.checkpoints.keeper import CheckpointKeeper

logger = logging.getLogger(__name__)

QUIET_S = 0.05
"""Outside of phases with steps, how long to go between two round trips."""
RETRY_S = 1.0
"""While Redis is away, how long to go between two tries."""
GIVES_BACK = {Order.PAUSE: "it was paused", Order.YIELD: "it gives way"}


class LedgerObserver:
    """Implements :class:`pipelines.observer.Observer` and serves the other stages alike.

    Redis being away does not stop the work at once. A stage that could not renew for a whole lease stands still at its
    next report until Redis answers, because somebody else may have the job by then; the first renewal tells
    (``LeaseLost`` if so).
    """

    def __init__(
        self,
        ledger: Ledger,
        lease: Lease,
        settings: Settings,
        announce: Callable[[Progress], None],
        checkpoints: CheckpointKeeper | None = None,
    ) -> None:
        """Watch one claimed stage.

        Args:
            ledger: is told, and asked what is wanted.
            lease: the stage's.
            settings: limits and intervals.
            announce: is told every progress that the ledger was told.
            checkpoints: keeps the state of a run; none for a stage that has no steps to go on from.
        """
        self._ledger, self._lease, self._settings, self._announce = ledger, lease, settings, announce
        self._checkpoints = checkpoints
        self._progress = Progress(phase=Phase.FETCH)
        now = time.monotonic()
        self._phase_began = self._renewed_at = self._preview_at = now
        self._asked_at = self._away_until = 0.0
        self._first_step: int | None = None
        self._step_times = StepTimes(settings.stall_factor, settings.stall_min_s, settings.step_limit_s)

    @property
    def progress(self) -> Progress:
        """How far the stage is."""
        return self._progress

    def phase(self, phase: Phase, of: int = 0) -> None:
        """Enter a phase of ``of`` steps.

        Raises:
            Aborted, TimedOut, LeaseLost, GiveBack: when the stage has to stop.
        """
        self._phase_began, self._first_step = time.monotonic(), None
        self._progress = Progress(phase=phase, step=0, of=of)
        self._obey(self._ask(limit_s=self._settings.phase_limit_s(phase)))

    def advance(self, step: int, of: int, take: Callable[[], Snapshot] | None = None) -> None:
        """Note that ``step`` of ``of`` steps are done.

        Args:
            step: steps done, 1 for the first.
            of: how many there are.
            take: copies the state of the run, for a checkpoint; none where a run cannot go on from here.

        Raises:
            Aborted, TimedOut, LeaseLost, GiveBack: when the stage has to stop.
        """
        self._progress = self._measured(step, of)
        if self._progress.phase in STEPPED_PHASES:
            self._step_times.stepped(time.monotonic())
            self._obey(self._ask(limit_s=self._step_times.limit_s), take)
            if take is not None and self._checkpoints is not None:
                self._checkpoints.offer(take, last=step == of)
        elif step == of or time.monotonic() - self._asked_at >= QUIET_S:
            self._obey(self._ask())

    def note(self, text: str) -> None:
        """Keep a remark on the job; without Redis it is only logged."""
        logger.info("job %s: %s", self._lease.job_id, text)
        try:
            self._ledger.jobs.note(self._lease, text)
        except BrokerUnavailable as error:
            logger.warning("a note on job %s was not kept: %s", self._lease.job_id, error.message)

    def refused(self, text: str) -> None:
        """Keep why a checkpoint is of no use, and have the ledger name it no more."""
        self.note(text)
        try:
            self._ledger.jobs.drop_checkpoint(self._lease)
        except BrokerUnavailable as error:
            logger.warning("job %s still names the checkpoint that was refused: %s", self._lease.job_id, error.message)

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

    def _measured(self, step: int, of: int) -> Progress:
        # A run that goes on from a checkpoint begins with a later step; those before it took no time here.
        before = self._first_step = step - 1 if self._first_step is None else self._first_step
        elapsed = time.monotonic() - self._phase_began
        rate = (step - before) / elapsed if elapsed > 0 and step > before else None
        eta_s = (of - step) / rate if rate and of else None
        return Progress(phase=self._progress.phase, step=step, of=of, rate=_rounded(rate), eta_s=_rounded(eta_s))

    def _obey(self, order: Order | None, take: Callable[[], Snapshot] | None = None) -> None:
        if order is Order.ABORT:
            raise Aborted(f"aborted while {self._progress}")
        if order is Order.TIMEOUT:
            raise TimedOut(f"the job's time ran out while {self._progress}; allow more with timeout_s")
        if order in GIVES_BACK:
            raise GiveBack(GIVES_BACK[order], self._secured(take))

    def _secured(self, take: Callable[[], Snapshot] | None) -> str:
        """Checkpoint what can be checkpointed before the job is given back; return what its owner should know."""
        if self._checkpoints is None or self._progress.phase not in STEPPED_PHASES:
            return ""
        if take is None:
            return f"stopped at {self._progress}, where this model cannot go on: its next run starts over"
        return (
            ""
            if self._checkpoints.keep(take)
            else f"no checkpoint could be kept at {self._progress}: its next run goes on from an earlier step"
        )

    def _ask(self, limit_s: float | None = None) -> Order | None:
        """Return what is wanted, or none while Redis is away."""
        now = time.monotonic()
        if now < min(self._away_until, self._renewed_at + self._settings.lease_s):
            return None
        self._asked_at = now
        try:
            order = self._renew(limit_s)
        except BrokerUnavailable as error:
            if not self._away_until:
                logger.warning("Redis is away, job %s goes on: %s", self._lease.job_id, error.message)
            self._away_until = time.monotonic() + RETRY_S
            if time.monotonic() - self._renewed_at < self._settings.lease_s:
                return None
            order = self._stand_still(limit_s)
        self._away_until, self._renewed_at = 0.0, time.monotonic()
        self._announce(self._progress)
        return order

    def _renew(self, limit_s: float | None) -> Order:
        return self._ledger.jobs.renew(self._lease, lease_ms=self._settings.lease_ms, progress=self._progress, phase_limit_s=limit_s)

    def _stand_still(self, limit_s: float | None) -> Order:
        logger.warning("job %s stands still at %s until Redis is back: its lease has run out", self._lease.job_id, self._progress)
        began = time.monotonic()
        order = patiently(lambda: self._renew(limit_s), for_s=OUTAGE_PATIENCE_S)
        self._phase_began += time.monotonic() - began
        logger.info("job %s is still ours and goes on at %s", self._lease.job_id, self._progress)
        return order


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
