"""When the next checkpoint of a run is due."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class CheckpointClock:
    """Checkpoints every so often, and never for more than a share of the run's time.

    Args:
        every_s: seconds between two checkpoints.
        share: largest share of the run's time that all of them may take together; 1 for no such bound.
        began_at: when the run began, by a monotonic clock, as all times here.
        expected_s: what the next checkpoint is expected to cost, before one was measured.
    """

    every_s: float
    share: float
    began_at: float
    expected_s: float
    _spent_s: float = field(default=0.0, init=False)
    _last_at: float = field(init=False)

    def __post_init__(self) -> None:
        self._last_at = self.began_at

    def due(self, now: float) -> bool:
        """Whether the time for the next one has come."""
        return now - self._last_at >= self.every_s and self.affordable(now)

    def affordable(self, now: float) -> bool:
        """Whether another one stays within the share."""
        return self.share >= 1 or self._spent_s + self.expected_s <= self.share * (now - self.began_at)

    def took(self, seconds: float, now: float) -> None:
        """Note what one cost; the next is expected to cost the same."""
        self._spent_s += seconds
        self.expected_s = seconds
        self._last_at = now
