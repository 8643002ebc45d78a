"""An S3 server that answers wrongly, late or not at all, and a disk that is full."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from tests.chaos.faults.act import EVERYBODY, Act

if TYPE_CHECKING:
    from tests.chaos.field import Field
    from tests.fixtures.faulty_s3 import Fault


def _requests(field: Field, random: Random, kind: str, *, times: int, method: str | None = None, **more: object) -> Act:
    made: list[Fault] = []
    control = field.faulty_s3.control

    def begin() -> None:
        made.append(control.add(kind, times=times, method=method, **more))

    def heal() -> None:
        for fault in made:
            fault.times = 0

    return Act(f"s3, {times} {method or 'requests'}", begin, costs=EVERYBODY, lasts_s=random.uniform(0.5, 4.0), heal=heal)


def s3_errors(field: Field, random: Random) -> Act:
    """500 and 503 for some requests."""
    return _requests(field, random, "status", times=random.choice((1, 2, 3, 20)), status=random.choice((500, 503)))


def s3_slow(field: Field, random: Random) -> Act:
    """Some answers come late."""
    return _requests(field, random, "delay", times=random.choice((1, 3, 10)), seconds=random.uniform(0.2, 3.0))


def s3_lost_answers(field: Field, random: Random) -> Act:
    """Some requests are done and their answers are lost."""
    return _requests(field, random, "lose_answer", times=random.choice((1, 2, 3)), method=random.choice((None, "PUT", "DELETE", "POST")))


def s3_cut_answers(field: Field, random: Random) -> Act:
    """Some answers end in the middle, some connections without any."""
    return _requests(field, random, random.choice(("cut_body", "refuse")), times=random.choice((1, 2, 5)))


def disk_full(field: Field, random: Random) -> Act | None:
    """No byte is left on the spool's filesystem of one host."""
    host = random.choice(field.hosts)
    if not host.disk.mounted:
        return None
    costs = frozenset(post.name for post in field.posts if post.host is host)
    return Act(host.name, host.disk.fill, costs=costs, lasts_s=random.uniform(0.3, 3.0), heal=host.disk.free)
