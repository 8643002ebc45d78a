"""Reading event streams as they grow, through short outages of Redis."""

from __future__ import annotations

import time
from functools import partial
from threading import Event as Signal
from typing import TYPE_CHECKING, TypeVar

from reelfleet.contract.errors import BrokerUnavailable, WaitTimeout
from reelfleet.contract.event import EventKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from reelfleet.client.connections import Connections
    from reelfleet.contract.event import Event

BLOCK_MS = 1000
"""How long one read waits for news; between reads the job's state is looked at, in case its stream is gone."""
RETRY_S = 0.5
T = TypeVar("T")


class Patience:
    """Repeats a read while Redis does not answer, for a bounded time without any answer."""

    def __init__(self, outage_s: float, deadline: float | None = None) -> None:
        """Take the longest outage to sit through, and the moment (``time.monotonic``) to give up in any case."""
        self._outage_s = outage_s
        self._deadline = deadline

    def read(self, action: Callable[[], T]) -> T:
        """Return what ``action`` returns.

        Raises:
            BrokerUnavailable: when Redis did not answer for the whole time.
            WaitTimeout: when the deadline passed meanwhile.
        """
        began = time.monotonic()
        while True:
            try:
                return action()
            except BrokerUnavailable:
                if time.monotonic() - began >= self._outage_s:
                    raise
                if self._deadline is not None and time.monotonic() >= self._deadline:
                    raise WaitTimeout("the wait ended while Redis did not answer; the job is in the ledger and goes on") from None
            Signal().wait(RETRY_S)


def follow_job(
    connections: Connections, job_id: str, *, after: str, follow: bool, timeout: float | None, outage_s: float
) -> Iterator[Event]:
    """Yield a job's events after an offset; with ``follow`` until it has finished, else those that are there.

    Raises:
        JobNotFound: when no job has the id.
        WaitTimeout: when ``timeout`` seconds passed first; the job goes on.
        BrokerUnavailable: when Redis was away for longer than ``outage_s`` seconds.
    """
    deadline = None if timeout is None else time.monotonic() + timeout
    patience = Patience(outage_s, deadline)

    def has_ended() -> bool:
        return connections.ledger.jobs.status(job_id).state.terminal

    def read(after: str, block_ms: int | None) -> list[Event]:
        return connections.ledger.events.read(job_id, after=after, block_ms=block_ms)

    ended = patience.read(has_ended)
    while True:
        batch = patience.read(partial(read, after, _block_ms(deadline) if follow and not ended else None))
        for event in batch:
            after = event.offset
            yield event
            if event.kind is EventKind.FINISHED:
                return
        if not batch and (ended or not follow):
            return
        if deadline is not None and time.monotonic() >= deadline:
            raise WaitTimeout(
                f"job {job_id} had not ended after {timeout:g} s; it goes on: `reel watch {job_id}`", details={"job_id": job_id}
            )
        if not batch:
            ended = patience.read(has_ended)


def follow_fleet(connections: Connections, *, after: str, outage_s: float) -> Iterator[Event]:
    """Yield the fleet's events after an offset, for ever."""
    patience = Patience(outage_s)

    def read(after: str) -> list[Event]:
        return connections.ledger.events.fleet(after=after, block_ms=BLOCK_MS)

    while True:
        for event in patience.read(partial(read, after)):
            after = event.offset
            yield event


def _block_ms(deadline: float | None) -> int:
    if deadline is None:
        return BLOCK_MS
    return max(1, min(BLOCK_MS, round((deadline - time.monotonic()) * 1000)))
