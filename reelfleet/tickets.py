"""Tickets: the Celery messages that tell a worker where to look.

A ticket carries ``(job_id, stage)`` and nothing more. The ledger is the truth: a ticket that is lost is issued
again by the steward, one that comes twice is dropped by the second claim.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from celery import Celery
from kombu import Queue
from kombu.exceptions import OperationalError

from reelfleet.contract.errors import BrokerUnavailable
from reelfleet.contract.names import PRIORITY_STEPS, Stage, task_name

if TYPE_CHECKING:
    from collections.abc import Mapping

PRIORITY_SEPARATOR = "\x06\x16"
"""What kombu's Redis transport puts between a queue's name and its priority step."""


def transport_options() -> dict[str, object]:
    """Return the Redis transport options that every side of the fleet must share."""
    return {
        "priority_steps": list(PRIORITY_STEPS),
        "sep": PRIORITY_SEPARATOR,
        # Tickets are acknowledged on receipt, so nothing stays unacknowledged long enough to be taken for lost;
        # a day keeps one worker with a small timeout from taking over what others hold.
        "visibility_timeout": 86_400,
        "socket_connect_timeout": 5,
        "socket_keepalive": True,
        "health_check_interval": 25,
    }


def producer_app(broker_url: str) -> Celery:
    """Return a private Celery app for a producer; the host application's own Celery app stays the current one."""
    app = Celery("reelfleet", broker=broker_url, set_as_current=False)
    app.conf.update(
        broker_transport_options=transport_options(),
        # The publisher's header wins over the task's setting: without this a Redis outage at the end of a task turns finished work into FAILURE.
        task_ignore_result=True,
        task_publish_retry=True,
        task_publish_retry_policy={"max_retries": 2, "interval_start": 0.1, "interval_step": 0.2, "interval_max": 0.5},
        broker_connection_timeout=4,
        # A fanout reply queue that nobody reads any more must not stay in Redis.
        control_queue_expires=60.0,
    )
    return app


def ticket_lists(queue: str) -> tuple[str, ...]:
    """Return the Redis lists that hold a queue's tickets, highest priority first."""
    return tuple(queue if step == 0 else f"{queue}{PRIORITY_SEPARATOR}{step}" for step in PRIORITY_STEPS)


def ticket_id(message: bytes) -> str | None:
    """Return the Celery task id, ``<job_id>:<stage>``, of a message as it lies in a Redis list; none if it is no Celery message."""
    try:
        found = json.loads(message)["headers"]["id"]
    except (ValueError, KeyError, TypeError):
        return None
    return found if isinstance(found, str) else None


def issue_ticket(app: Celery, job_id: str, stage: Stage, *, queue: str, priority: int, headers: Mapping[str, str] | None = None) -> None:
    """Publish the ticket of a job's stage.

    Raises:
        BrokerUnavailable: when Redis does not take it. The job is in the ledger all the same and the steward issues the ticket later.
    """
    try:
        app.send_task(
            task_name(stage).value,
            args=(job_id, stage.value),
            task_id=f"{job_id}:{stage.value}",
            queue=Queue(queue, routing_key=queue),
            priority=priority,
            headers=dict(headers or {}),
            ignore_result=True,
        )
    except (OperationalError, OSError) as error:
        raise BrokerUnavailable(f"the ticket of job {job_id} could not be published: {error}; the steward issues it again") from error
