"""How long and how much the ledger keeps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Retention:
    """Bounds on what stays in Redis; every side of one fleet uses the same."""

    rows: timedelta = timedelta(days=30)
    """How long a job's row, its decided manifest and its idempotency key outlive the job."""
    events: timedelta = timedelta(days=7)
    """How long a job's stream outlives the job."""
    previews: timedelta = timedelta(hours=1)
    """How long a preview image can be fetched."""
    job_events: int = 10_000
    """About how many events a job's stream holds."""
    fleet_events: int = 50_000
    """About how many events the fleet's stream holds."""
    notes: int = 100
    """How many notes a job's row holds; later ones are told as events only."""
    faults: int = 10
    """How many of a worker's latest faults are known."""
    faults_kept: timedelta = timedelta(days=1)
    """How long they are known without another."""
    too_small_wait: timedelta = timedelta(seconds=1)
    """How long a job waits for its next ticket that a device was too small for."""
    progress_every: timedelta = timedelta(milliseconds=250)
    """The least time between two progress events of one phase."""

    def as_lua(self) -> str:
        """Return the table ``KEEP`` that the scripts read."""
        return (
            f"local KEEP = {{rows_ms = {milliseconds(self.rows)}, events_ms = {milliseconds(self.events)}, "
            f"preview_ms = {milliseconds(self.previews)}, job_events = {self.job_events}, fleet_events = {self.fleet_events}, "
            f"notes = {self.notes}, faults = {self.faults}, faults_s = {milliseconds(self.faults_kept) // 1000}, "
            f"too_small_ms = {milliseconds(self.too_small_wait)}, progress_every_ms = {milliseconds(self.progress_every)}}}\n"
        )


def milliseconds(duration: timedelta) -> int:
    """Return a duration in whole milliseconds."""
    return duration // timedelta(milliseconds=1)
