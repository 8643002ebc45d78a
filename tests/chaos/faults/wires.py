"""Connections that break, and a host that is cut off."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from tests.chaos.faults.act import Act
from tests.chaos.options import LEASE_S

if TYPE_CHECKING:
    from tests.chaos.field import Field


def cut_broker(field: Field, random: Random) -> Act:
    """Every connection of a host to Redis is reset; new ones work."""
    host = random.choice(field.hosts)
    return Act(host.name, host.broker.cut)


def cut_store(field: Field, random: Random) -> Act:
    """Every connection of a host to S3 is reset; new ones work."""
    host = random.choice(field.hosts)
    return Act(host.name, host.store.cut)


def partition(field: Field, random: Random) -> Act:
    """A host reaches neither Redis nor S3, often for longer than a lease. Afterwards what it sent arrives late, or its connections are gone."""
    host, cut = random.choice(field.hosts), random.random() < 0.5
    return Act(
        f"{host.name}, then {'reset' if cut else 'late'}",
        host.partition,
        costs=frozenset(post.name for post in field.posts if post.host is host),
        lasts_s=random.uniform(0.2, 4 * LEASE_S),
        heal=lambda: host.reconnect(cut=cut),
    )


def partition_broker(field: Field, random: Random) -> Act:
    """A host that does not reach Redis, but S3: what it does there must not count."""
    host, cut = random.choice(field.hosts), random.random() < 0.5
    return Act(
        f"{host.name}, then {'reset' if cut else 'late'}",
        host.broker.block,
        costs=frozenset(post.name for post in field.posts if post.host is host),
        lasts_s=random.uniform(0.2, 4 * LEASE_S),
        heal=lambda: host.broker.heal(cut=cut),
    )
