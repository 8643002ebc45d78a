"""Redis and S3 are killed, or stand still."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from random import Random
from typing import TYPE_CHECKING

from tests.chaos.faults.act import EVERYBODY, Act
from tests.chaos.options import LEASE_S

if TYPE_CHECKING:
    from tests.chaos.field import Field


def kill_redis(field: Field, random: Random) -> Act:
    """SIGKILL to Redis; it comes back with its append-only file."""
    return Act("redis", field.kill_redis, costs=EVERYBODY, lasts_s=random.uniform(0.1, 1.5 * LEASE_S), heal=field.start_redis)


def stop_redis(field: Field, random: Random) -> Act:
    """SIGSTOP to Redis: connections stay and nobody answers, as when its host is overloaded."""
    pid = field.fleet.redis.pid
    return Act(
        "redis",
        lambda: _send(pid, signal.SIGSTOP),
        costs=EVERYBODY,
        lasts_s=random.uniform(0.1, 1.5 * LEASE_S),
        heal=lambda: _send(pid, signal.SIGCONT),
    )


def kill_s3(field: Field, random: Random) -> Act | None:
    """SIGKILL to the S3 server; it comes back with its files."""
    if not field.s3_survives:
        return None
    return Act("s3", field.kill_s3, costs=EVERYBODY, lasts_s=random.uniform(0.1, 4.0), heal=field.start_s3)


def stop_s3(field: Field, random: Random) -> Act:
    """SIGSTOP to the S3 server."""
    pid = field.s3.pid
    return Act(
        "s3",
        lambda: _send(pid, signal.SIGSTOP),
        costs=EVERYBODY,
        lasts_s=random.uniform(0.1, 6.0),
        heal=lambda: _send(pid, signal.SIGCONT),
    )


def _send(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)
