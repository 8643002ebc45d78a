"""Whether a checkpoint is of the run that wants to go on from it."""

from __future__ import annotations

from collections.abc import Mapping

from pipelines.checkpoint.errors import CheckpointRefused

SHOWN = 80
"""Characters of a value that a message shows."""


def require_same(stored: Mapping[str, str], now: Mapping[str, str]) -> None:
    """Compare two fingerprints.

    Raises:
        CheckpointRefused: when they differ, naming all that does.
    """
    names = {**now, **stored}
    differing = [name for name in names if stored.get(name) != now.get(name)]
    if differing:
        raise CheckpointRefused("; ".join(_difference(name, stored, now) for name in differing))


def _difference(name: str, stored: Mapping[str, str], now: Mapping[str, str]) -> str:
    return f"{name} was {stored.get(name, 'none')[:SHOWN]} and is {now.get(name, 'none')[:SHOWN]}"
