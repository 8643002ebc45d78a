"""A process of the pool that its worker killed on purpose."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Killed:
    """What is left to do when Celery notices the death, too."""

    exit_text: str
    """How it ended, for the diagnosis."""
    counts: bool
    """Whether the job's next run is another attempt."""
    reported: bool
    """Whether the ledger knows: then the job may be held by another process by now."""
