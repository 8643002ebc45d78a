"""The ledger as one object."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Self

import redis

from reelfleet.ledger.connection import Connection, connect
from reelfleet.ledger.devices import Devices
from reelfleet.ledger.events import Events
from reelfleet.ledger.jobs.jobs import Jobs
from reelfleet.ledger.keys import DEFAULT_PREFIX, Keys
from reelfleet.ledger.models import Models
from reelfleet.ledger.pauses import Pauses
from reelfleet.ledger.retention import Retention
from reelfleet.ledger.steward import Steward
from reelfleet.ledger.workers import Workers

DEFAULT_RETENTION = Retention()


class Ledger:
    """The truth about jobs. Connects when it is first used, is safe to share between threads, and is made anew in each process.

    Whatever is asked of it raises ``BrokerUnavailable`` when Redis does not answer within the timeouts.
    """

    def __init__(self, redis_client: redis.Redis, *, prefix: str = DEFAULT_PREFIX, retention: Retention = DEFAULT_RETENTION) -> None:
        self._connection = Connection(redis_client, Keys(prefix), retention)
        self.jobs = Jobs(self._connection)
        self.events = Events(self._connection)
        self.pauses = Pauses(self._connection)
        self.workers = Workers(self._connection)
        self.devices = Devices(self._connection)
        self.models = Models(self._connection)
        self.steward = Steward(self._connection)

    @classmethod
    def connect(
        cls,
        broker_url: str,
        *,
        connect_timeout_s: float = 3.0,
        read_timeout_s: float = 5.0,
        prefix: str = DEFAULT_PREFIX,
        retention: Retention = DEFAULT_RETENTION,
    ) -> Self:
        """Return a ledger on the Redis of a URL; nothing is sent yet.

        Raises:
            InvalidConfig: when the URL is no Redis URL.
        """
        client = connect(broker_url, connect_timeout_s=connect_timeout_s, read_timeout_s=read_timeout_s)
        return cls(client, prefix=prefix, retention=retention)

    def ping(self) -> None:
        """Ask Redis for an answer."""
        self._connection.command("PING")

    def now(self) -> datetime:
        """Return Redis' clock, which is the fleet's."""
        seconds, microseconds = self._connection.command("TIME")
        return datetime.fromtimestamp(int(seconds) + int(microseconds) / 1_000_000, UTC)

    def close(self) -> None:
        """Close the connections; the next use opens them again."""
        self._connection.close()
