"""A process of the pool that its worker killed on purpose."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Killed:
    """Why a worker killed the process of a job."""

    reason: str
    counts: bool
    """Whether the job's next run is another attempt."""
