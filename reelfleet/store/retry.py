"""Bounded retries with exponential backoff and jitter; the only retries there are."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from reelfleet.contract.errors import FleetError

T = TypeVar("T")


@dataclass(frozen=True)
class StoreRetry:
    """How long a store is asked before it counts as unavailable."""

    attempts: int = 5
    base_s: float = 0.2
    """Longest wait before the second attempt; it doubles with every further one."""
    max_s: float = 5.0
    """No wait is longer."""
    connect_timeout_s: float = 5.0
    read_timeout_s: float = 60.0

    def delay_s(self, failures: int) -> float:
        """Return how long to wait after ``failures`` (1 or more): between half and all of the doubled base, so that clients spread."""
        longest = min(self.max_s, self.base_s * 2.0 ** (failures - 1))
        return random.uniform(longest / 2, longest)  # noqa: S311 - jitter, not a secret


def with_retry(
    operation: Callable[[], T],
    *,
    policy: StoreRetry,
    errors: tuple[type[Exception], ...],
    transient: Callable[[Exception], bool],
    explain: Callable[[Exception, int], FleetError],
) -> T:
    """Run ``operation`` until it succeeds, fails for good, or was tried ``policy.attempts`` times.

    Args:
        operation: what to do; it must be safe to repeat.
        policy: how often and how long.
        errors: exception types that the store raises; others pass through untouched.
        transient: whether another try can help.
        explain: turns the last exception and the number of tries into the typed error that is raised.
    """
    for tried in range(1, policy.attempts + 1):
        try:
            return operation()
        except errors as error:
            if tried == policy.attempts or not transient(error):
                raise explain(error, tried) from error
        time.sleep(policy.delay_s(tried))
    raise ValueError("a retry policy allows at least one attempt")
