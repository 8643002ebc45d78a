"""The jobs of a run: what was asked for under which id, and who may have aborted it."""

from __future__ import annotations

import threading
from collections import deque
from random import Random
from typing import TYPE_CHECKING

import redis

from reelfleet.contract.errors import BrokerUnavailable
from reelfleet.submission import submit
from tests.chaos.workload import TENANT, draw, request_of

if TYPE_CHECKING:
    from tests.chaos.field import Field
    from tests.chaos.options import Options

MAX_ATTEMPTS = 1000
"""So that what hits many jobs at random quarantines none."""


class JobBook:
    """Submits, and remembers what was submitted. An order that was refused is repeated with the same id until it is taken."""

    def __init__(self, field: Field, options: Options) -> None:
        self._field, self._seeds, self._random = field, options.seeds, Random(f"{options.seed}/jobs")
        self._lock = threading.Lock()
        self._pending: deque[tuple[str, str, int]] = deque()
        self._count = 0
        self.names: dict[str, str] = {}
        """Which distinct job each id is."""
        self.aborted: set[str] = set()
        """Jobs that somebody ordered to be aborted."""
        self.refused = 0
        """Submissions that were answered with an error, and repeated."""

    def plan(self, name: str, priority: int) -> str:
        """Put a job on the list and return its id; :meth:`send` submits it."""
        with self._lock:
            self._count += 1
            job_id = f"{self._random.getrandbits(64):016x}-{self._count:06d}"
            self._pending.append((job_id, name, priority))
            self.names[job_id] = name
        return job_id

    def plan_next(self) -> None:
        """Put the next job of the seed on the list."""
        self.plan(*draw(self._random, self._seeds))

    def send(self) -> bool:
        """Submit what is on the list; false when Redis does not take it."""
        while self._pending:
            job_id, name, priority = self._pending[0]
            data = request_of(name, self._field.store, priority=priority)
            try:
                submit(self._field.ledger, self._field.tickets, data, queue_anyway=True, max_attempts=MAX_ATTEMPTS, job_id=job_id)
            except (BrokerUnavailable, redis.RedisError):
                self.refused += 1
                return False
            self._pending.popleft()
        return True

    def open(self) -> int | None:
        """Return how many jobs have not ended, or none while Redis does not say."""
        try:
            return self._field.ledger.jobs.open_count(TENANT) + len(self._pending)
        except BrokerUnavailable:
            return None

    @property
    def pending(self) -> bool:
        """Whether an order waits to be taken."""
        return bool(self._pending)

    @property
    def planned(self) -> int:
        return len(self.names)
