"""What the ledger and the store say about every job when all is over."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reelfleet.contract.event import EventKind
from tests.chaos.options import LEASE_S

if TYPE_CHECKING:
    from reelfleet.contract.event import Event
    from reelfleet.ledger.types import JobRow
    from tests.chaos.field import Field
    from tests.chaos.journal import Entry, Journal

RESUMED = re.compile(r"resumed after step (\d+)/(\d+)")
AFTERMATH_S = LEASE_S + 1
"""How long after its end a fault may still cost an attempt: a claim that was under way is answered to nobody."""
UNREACHABLE = "out of reach"
RESTART_S = 30.0


@dataclass(frozen=True)
class Lost:
    """An attempt that ended without a result."""

    worker: str
    began: float
    ended: float
    why: str


@dataclass(frozen=True)
class History:
    """One job."""

    row: JobRow
    events: tuple[Event, ...]
    lost: tuple[Lost, ...] = field(default=())
    resumed: tuple[int, ...] = field(default=())
    """Steps that were spared, one number per resume."""

    @property
    def finished(self) -> int:
        """How often it ended."""
        return sum(event.kind is EventKind.FINISHED for event in self.events)


def read(fleet: Field, job_id: str) -> History:
    """Read one job."""
    row, events = fleet.ledger.jobs.row(job_id), []
    after = "0"
    while page := fleet.ledger.events.read(job_id, after=after):
        events += page
        after = page[-1].offset
    notes = [RESUMED.search(event.message or "") for event in events if event.kind is EventKind.NOTE]
    return History(row, tuple(events), _lost(events), tuple(int(found[1]) for found in notes if found))


def _lost(events: list[Event]) -> tuple[Lost, ...]:
    lost, worker, began = [], "", 0.0
    for event in events:
        if event.kind is EventKind.CLAIMED:
            worker, began = event.worker or "", event.at.timestamp()
        elif event.kind is EventKind.RETRYING:
            why = event.error.message if event.error else event.message or ""
            lost.append(Lost(worker, began, event.at.timestamp(), why))
    return tuple(lost)


def without_cause(history: History, journal: Journal) -> list[Lost]:
    """Return the attempts that were lost although no fault touched their worker: each costs GPU time that nobody had to spend."""
    return [lost for lost in history.lost if not any(_explains(entry, lost) for entry in journal.entries)]


def _explains(entry: Entry, lost: Lost) -> bool:
    if UNREACHABLE in lost.why:
        # Sent back because the last cpu worker of the frames' host was away, also one that was told to go and is starting again.
        host = lost.worker.partition("@")[2]
        return host in entry.target and entry.began <= lost.ended and (entry.ended is None or entry.ended >= lost.ended - RESTART_S)
    return entry.covers(lost.worker, lost.began - AFTERMATH_S, lost.ended)
