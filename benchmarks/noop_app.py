"""A task that does nothing, in an application with the fleet's own settings: what Celery alone takes from send to start."""

from __future__ import annotations

import time

import redis
from celery import Celery

QUEUE = "bench.noop"
TASK = "bench.noop"
STARTS = "bench:noop:starts"
"""Redis list that gets the time at which each task started."""

app = Celery("noop", include=["benchmarks.noop_app"])
app.config_from_object("tasks.celery_settings:configuration")


@app.task(name=TASK, ignore_result=True)  # type: ignore[untyped-decorator]  # Celery's decorators have no types
def noop() -> None:
    """Tell when it started, in seconds since 1970."""
    started = time.time()
    with redis.Redis.from_url(app.conf.broker_url) as client:
        client.rpush(STARTS, repr(started))
