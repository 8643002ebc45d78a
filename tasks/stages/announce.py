"""Progress for Flower: ``task-progress`` events, whose ``result`` text Flower shows beside the task."""

from __future__ import annotations

import logging
import time
from typing import Any

from kombu.exceptions import OperationalError

from reelfleet.contract.job import Phase, Progress

logger = logging.getLogger(__name__)

EVERY_S = 0.25
AFTER_ERROR_S = 5.0


class Announcer:
    """Publishes a task's progress at most four times a second, and at every change of phase."""

    def __init__(self, task: Any) -> None:
        """Announce for the task that is running."""
        self._task = task
        self._phase: Phase | None = None
        self._not_before = 0.0

    def __call__(self, progress: Progress) -> None:
        """Publish ``progress``; a lost event costs a line in Flower and nothing else."""
        now = time.monotonic()
        if progress.phase is self._phase and now < self._not_before and progress.step != progress.of:
            return
        self._phase, self._not_before = progress.phase, now + EVERY_S
        try:
            self._task.send_event("task-progress", retry=False, step=progress.step, of=progress.of, result=str(progress))
        except (OperationalError, OSError) as error:
            self._not_before = now + AFTER_ERROR_S
            logger.info("Flower was not told of %s: %s", progress, error)
