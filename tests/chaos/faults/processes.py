"""Killed and stopped processes: children, workers, hosts, the steward."""

from __future__ import annotations

import signal
from random import Random
from typing import TYPE_CHECKING

from tests.chaos.faults.act import Act
from tests.chaos.options import LEASE_S

if TYPE_CHECKING:
    from tests.chaos.field import Field
    from tests.chaos.post import Post

SHORTEST_STOP_S, LONGEST_STOP_S = 0.1, 2.5 * LEASE_S


def _living(field: Field, random: Random) -> Post | None:
    living = [post for post in field.posts if post.alive]
    return random.choice(living) if living else None


def kill_child(field: Field, random: Random) -> Act | None:
    """SIGKILL to a pool's child, as the kernel does when memory runs out."""
    post = _living(field, random)
    if post is None:
        return None
    return Act(post.name, lambda: post.signal(signal.SIGKILL, parent=False, children=True), costs=frozenset({post.name}))


def kill_worker(field: Field, random: Random) -> Act | None:
    """SIGKILL to a worker's parent; its children die with it."""
    post = _living(field, random)
    return None if post is None else Act(post.name, lambda: post.signal(signal.SIGKILL), costs=frozenset({post.name}))


def kill_host(field: Field, random: Random) -> Act | None:
    """SIGKILL to every process of a host at once; its disk stays."""
    host = random.choice(field.hosts)
    posts = [post for post in field.posts if post.host is host]

    def kill() -> None:
        for post in posts:
            post.signal(signal.SIGKILL, children=True)

    return Act(host.name, kill, costs=frozenset(post.name for post in posts))


def kill_steward(field: Field, random: Random) -> Act | None:
    """SIGKILL to the cpu worker whose turn it is."""
    post = field.post_named(field.ledger.steward.on_duty())
    return None if post is None else Act(post.name, lambda: post.signal(signal.SIGKILL), costs=frozenset({post.name}))


def _stop(post: Post, random: Random, *, parent: bool, children: bool) -> Act:
    return Act(
        post.name,
        lambda: post.signal(signal.SIGSTOP, parent=parent, children=children),
        costs=frozenset({post.name}),
        lasts_s=random.uniform(SHORTEST_STOP_S, LONGEST_STOP_S),
        heal=lambda: post.signal(signal.SIGCONT, children=True),
    )


def stop_child(field: Field, random: Random) -> Act | None:
    """SIGSTOP to a child: its parent keeps the lease, nothing moves."""
    post = _living(field, random)
    return None if post is None else _stop(post, random, parent=False, children=True)


def stop_worker(field: Field, random: Random) -> Act | None:
    """SIGSTOP to a parent, with its children or without: they wake up in another time."""
    post = _living(field, random)
    return None if post is None else _stop(post, random, parent=True, children=random.random() < 0.7)


def stop_steward(field: Field, random: Random) -> Act | None:
    """SIGSTOP to the cpu worker whose turn it is; it goes on with its round when another has had one."""
    post = field.post_named(field.ledger.steward.on_duty())
    return None if post is None else _stop(post, random, parent=True, children=False)


def terminate_worker(field: Field, random: Random) -> Act | None:
    """SIGTERM, as a spot instance gets it."""
    post = _living(field, random)
    if post is None:
        return None

    def terminate() -> None:
        post.told_to_go = True
        post.signal(signal.SIGTERM)

    return Act(post.name, terminate)
