"""Leaving: take nothing new, let running jobs checkpoint or be delivered, and exit with status 0.

``reel drain``, ``SIGTERM`` (a spot instance that is taken away, a deployment) and a first Ctrl-C are the same thing.
"""

from __future__ import annotations

import logging
import signal
import time
from typing import TYPE_CHECKING

from celery.worker import state

from tasks.worker.children import kill_child

if TYPE_CHECKING:
    from types import FrameType

    from tasks.worker.parent import WorkerParent

logger = logging.getLogger(__name__)

SIGNALS = (signal.SIGTERM, signal.SIGINT)
OWN = "by itself: "
"""Begins the reason of a drain that a worker ordered for itself."""


def drain_on_signals(parent: WorkerParent) -> None:
    """Make the first SIGTERM or SIGINT a drain; the next one means what it means to Celery. Call in the main thread."""
    before = {number: signal.getsignal(number) for number in SIGNALS}

    def on_signal(number: int, _frame: FrameType | None) -> None:
        # Redis is not to be talked to from here: the attendant does the rest.
        parent.stop_signal = signal.Signals(number).name
        for known, handler in before.items():
            signal.signal(known, handler)

    for number in SIGNALS:
        signal.signal(number, on_signal)


class Drain:
    """A duty of every worker's attendant."""

    def __init__(self, parent: WorkerParent) -> None:
        """Drain ``parent`` when it is told to."""
        self._parent = parent

    def look(self) -> None:
        """Begin to drain, enforce the grace, and stop the worker when nothing runs any more.

        Raises:
            BrokerUnavailable: when Redis does not answer; a signal is obeyed all the same.
        """
        parent = self._parent
        try:
            self._begin()
        finally:
            if parent.draining:
                self._go_on()

    def _begin(self) -> None:
        parent, workers, name = self._parent, self._parent.ledger.workers, self._parent.identity.name
        if parent.stop_signal and not parent.draining:
            self._started(f"told to stop ({parent.stop_signal})")
        if parent.draining and parent.stop_signal:
            # Its children hear of it from the ledger, at their next step.
            workers.request_drain(name, OWN + (parent.trouble or f"told to stop ({parent.stop_signal})"))
            parent.stop_signal = ""
        elif not parent.draining and workers.drain_requested(name):
            self._started(workers.drain_reason(name) or "asked to drain")

    def _started(self, reason: str) -> None:
        parent = self._parent
        parent.draining = True
        parent.drain_until = time.monotonic() + parent.settings.drain_grace_s
        logger.info("draining, %s: no more tickets are taken, running jobs have %g s", reason, parent.settings.drain_grace_s)

    def _go_on(self) -> None:
        parent = self._parent
        active = parent.active_requests()
        if not active:
            state.should_stop = 0
        elif time.monotonic() > parent.drain_until:
            for job_id, request in active.items():
                kill_child(
                    parent, job_id, request, f"it did not stop within the {parent.settings.drain_grace_s:g} s of a drain", counts=False
                )


def drain_self(parent: WorkerParent, reason: str) -> None:
    """Take this worker out because something is wrong with it, and say so to the fleet.

    Raises:
        BrokerUnavailable: when Redis does not answer; try again.
    """
    parent.trouble = reason
    parent.ledger.workers.request_drain(parent.identity.name, OWN + reason)


def forget_own_drain(parent: WorkerParent) -> None:
    """Take back what an earlier worker of this name ordered for itself and was killed before it had left; an operator's order stands.

    Raises:
        BrokerUnavailable: when Redis does not answer.
    """
    workers, name = parent.ledger.workers, parent.identity.name
    if (workers.drain_reason(name) or "").startswith(OWN):
        workers.cancel_drain(name)
