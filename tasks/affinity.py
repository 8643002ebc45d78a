"""Which queue a GPU worker asks first: that of the model it ran last, within a bound.

Switching models costs a load; never switching starves the others. Redis answers a BRPOP from the first
non-empty list, ordered by priority and then as the cycle gives the queues, so this order decides between
jobs of one priority only.
"""

from __future__ import annotations

from kombu.utils.scheduling import round_robin_cycle

MAX_IN_A_ROW = 8
"""Tickets that one queue may give in a row while others may be waiting."""


class WarmFirst(round_robin_cycle):
    """Prefer the queue that gave the last ticket, at most :data:`MAX_IN_A_ROW` times in a row; rotate fairly otherwise."""

    def __init__(self, it: list[str] | None = None) -> None:
        super().__init__(it)
        self._last: str | None = None
        self._in_a_row = 0

    def consume(self, n: int) -> list[str]:
        """Return the queues in the order in which they are asked."""
        queues = list(self.items[:n])
        if self._last in queues and self._in_a_row < MAX_IN_A_ROW:
            queues.remove(self._last)
            queues.insert(0, self._last)
        return queues

    def rotate(self, last_used: str) -> str:
        """Note that ``last_used`` gave a ticket and move it to the end of the fair order."""
        self._in_a_row = self._in_a_row + 1 if last_used == self._last and self._in_a_row < MAX_IN_A_ROW else 1
        self._last = last_used
        super().rotate(last_used)
        return last_used
