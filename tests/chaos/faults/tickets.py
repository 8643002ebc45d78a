"""Tickets that come twice, or never."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from reelfleet.contract.names import CPU_QUEUE, Stage, gpu_queue, host_queue
from reelfleet.tickets import issue_ticket, ticket_lists
from tests.chaos.faults.act import Act
from tests.chaos.workload import REQUESTS, TENANT

if TYPE_CHECKING:
    from tests.chaos.field import Field


def _lists(field: Field) -> list[str]:
    models = sorted({request["model"] for request in REQUESTS.values()})
    queues = [CPU_QUEUE, *map(gpu_queue, models), *(host_queue(host.name) for host in field.hosts)]
    return [name for queue in queues for name in ticket_lists(queue)]


def duplicate_tickets(field: Field, random: Random) -> Act:
    """Copies of tickets that lie in the queues."""
    copies = random.choice((1, 2, 5))

    def duplicate() -> None:
        with field.raw_redis() as client:
            for name in _lists(field):
                for message in client.lrange(name, 0, 2):
                    client.lpush(name, *[message] * copies)

    return Act(f"{copies} copies", duplicate)


def stray_tickets(field: Field, random: Random) -> Act:
    """Tickets of open jobs for a stage that may not be theirs, on a queue that may not be either."""
    draws = [
        (random.random(), random.choice(list(Stage)), random.choice([CPU_QUEUE, gpu_queue("tiny-wan"), gpu_queue("tiny-flux")]))
        for _ in range(5)
    ]

    def stray() -> None:
        with field.raw_redis() as client:
            jobs = sorted(client.smembers(field.ledger._connection.keys.open_of_tenant(TENANT)))
        for place, stage, queue in draws if jobs else []:
            issue_ticket(field.tickets, jobs[int(place * len(jobs))].decode(), stage, queue=queue, priority=0)

    return Act("5 tickets", stray)


def drop_tickets(field: Field, random: Random) -> Act:
    """Tickets vanish from the queues, as with a worker that is killed between BRPOP and its next breath."""
    everything = random.random() < 0.3

    def drop() -> None:
        with field.raw_redis() as client:
            for name in _lists(field):
                if everything:
                    client.delete(name)
                else:
                    client.rpop(name)

    return Act("all" if everything else "the next of each queue", drop)
