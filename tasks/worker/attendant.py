"""A thread of the parent process that does its duties while Celery's loop consumes, or waits for a broker that is away."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reelfleet.contract.errors import BrokerUnavailable, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

logger = logging.getLogger(__name__)


@dataclass
class Duty:
    """Something done again and again."""

    name: str
    every_s: float
    act: Callable[[], None]
    due_at: float = field(default=0.0)
    failing: bool = field(default=False)

    def run(self) -> None:
        """Do it once; trouble is logged when it begins and when it ends, and never stops the other duties."""
        try:
            self.act()
        except (BrokerUnavailable, StoreUnavailable) as error:
            if not self.failing:
                logger.warning("%s waits: %s", self.name, error.message)
            self.failing = True
        except Exception:
            if not self.failing:
                logger.exception("%s failed; it is tried again every %.1f s", self.name, self.every_s)
            self.failing = True
        else:
            if self.failing:
                logger.warning("%s works again", self.name)
            self.failing = False
        self.due_at = time.monotonic() + self.every_s


class Attendant:
    """Runs duties in turn in one daemon thread."""

    def __init__(self, name: str, duties: Sequence[Duty]) -> None:
        """Take the duties in the order in which they run when several are due; ``name`` is the thread's."""
        self._duties = list(duties)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._loop, name=name, daemon=True)

    def start(self) -> None:
        """Do every duty once, so that the worker is known before it takes a ticket, then go on in the thread."""
        for duty in self._duties:
            duty.run()
        if self._duties:
            self._thread.start()

    def stop(self) -> None:
        """End the thread after the duty it is at."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def _loop(self) -> None:
        while not self._stop.is_set():
            now = time.monotonic()
            for duty in self._duties:
                if duty.due_at <= now and not self._stop.is_set():
                    duty.run()
            next_due = min(duty.due_at for duty in self._duties)
            self._stop.wait(max(0.02, next_due - time.monotonic()))
