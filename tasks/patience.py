"""Outlasting an outage of Redis: a running stage goes on, and reports when Redis is back."""

from __future__ import annotations

import logging
import random
import time
from typing import TYPE_CHECKING, TypeVar

from reelfleet.contract.errors import BrokerUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger(__name__)
Result = TypeVar("Result")

LONGEST_PAUSE_S = 1.0
OUTAGE_PATIENCE_S = 3600.0
"""How long the end of a stage is kept for a Redis that is away. After that the attempt is lost and the lease runs out."""


def patiently(call: Callable[[], Result], *, for_s: float) -> Result:
    """Call until Redis answers, for at most ``for_s`` seconds.

    The ledger answers a call that is sent twice, because its first answer was lost, as it answered the first time.

    Raises:
        BrokerUnavailable: when Redis stayed away for longer.
    """
    give_up = time.monotonic() + for_s
    pause, missed = 0.1, False
    while True:
        try:
            return call()
        except BrokerUnavailable as error:
            if time.monotonic() + pause > give_up:
                raise
            if not missed:
                logger.warning("Redis is away, waiting for it: %s", error.message)
            missed = True
            time.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - jitter, no secret
            pause = min(pause * 2, LONGEST_PAUSE_S)
