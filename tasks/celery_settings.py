"""Celery's settings, each with its reason. Measured facts behind them are in ``docs/architecture/20-tickets.md``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from config.settings import load_settings
from reelfleet.contract.names import CPU_QUEUE
from reelfleet.tickets import transport_options


def celery_settings() -> dict[str, Any]:
    """Return the configuration of a worker, a control client or Flower; read when Celery first needs it."""
    settings = load_settings()
    return {
        "broker_url": settings.broker_url,
        "broker_transport_options": {
            **transport_options(),
            # Stay with the model that is warm, within a bound.
            "queue_order_strategy": "tasks.affinity:WarmFirst",
        },
        # A worker that starts before Redis waits for it instead of dying.
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "broker_connection_timeout": 4,
        # Only `reel.submit` answers; a stage that stored results would turn finished work into FAILURE when Redis is away at its end.
        "result_backend": settings.broker_url,
        "task_ignore_result": True,
        "result_expires": 3600,
        # The ledger counts attempts and issues tickets again; Celery's redelivery is unbounded and shares one timeout between all queues.
        "task_acks_late": False,
        "task_reject_on_worker_lost": False,
        # A running job must survive an outage of Redis; the lease decides who may commit.
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        # A busy worker must not hoard tickets that an idle one could take.
        "worker_prefetch_multiplier": 1,
        "worker_disable_prefetch": True,
        # CUDA cannot be used in a fork of a process that used it, and a fork inherits locks of the parent's threads.
        "worker_pool": "prefork",
        "worker_pool_start_method": "spawn",
        # Importing torch and diffusers on a cold disk takes longer than Celery's four seconds.
        "worker_proc_alive_timeout": 300.0,
        "worker_hijack_root_logger": True,
        "worker_redirect_stdouts": False,
        # Flower needs events; they cost a publish per state change.
        "worker_send_task_events": True,
        "task_send_sent_event": False,
        "task_track_started": True,
        # Reply queues of control clients that are gone must not stay in Redis.
        "control_queue_expires": 60.0,
        "event_queue_expires": 60.0,
        "event_queue_ttl": 30.0,
        "task_default_queue": CPU_QUEUE,
        "task_serializer": "json",
        "result_serializer": "json",
        # Never pickle: a ticket may come from anybody who reaches the broker.
        "accept_content": ["json"],
        "enable_utc": True,
    }


class _Configuration(Mapping[str, Any]):
    """The settings, read when Celery first asks and not when this module is imported."""

    @cached_property
    def _values(self) -> dict[str, Any]:
        return celery_settings()

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


configuration = _Configuration()
