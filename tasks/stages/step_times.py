"""How long steps take (of a matting: groups of frames), and so when one has stalled."""

from __future__ import annotations

from collections import deque
from statistics import median

REMEMBERED = 51
NEEDED = 3
"""Steps before a median says something: the first ones of a run include what is only done once."""


class StepTimes:
    """Gives each step a limit that follows from those before it.

    Args:
        factor: a step of this many times the median has stalled.
        least_s: no limit is below this.
        most_s: no limit is above this, and it is the limit while too few steps are known.
    """

    def __init__(self, factor: float, least_s: float, most_s: float) -> None:
        self._factor, self._least_s, self._most_s = factor, least_s, most_s
        self._last_at: float | None = None
        self._times: deque[float] = deque(maxlen=REMEMBERED)

    def stepped(self, now: float) -> None:
        """Note that a step ended, by a monotonic clock."""
        if self._last_at is not None:
            self._times.append(now - self._last_at)
        self._last_at = now

    @property
    def limit_s(self) -> float:
        """Seconds that the next step may take."""
        if len(self._times) < NEEDED:
            return self._most_s
        return min(self._most_s, max(self._least_s, self._factor * median(self._times)))
