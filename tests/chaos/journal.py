"""What was done to the fleet, and when."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

from tests.chaos.faults.act import EVERYBODY


@dataclass
class Entry:
    """One fault. Times are seconds since 1970, of the machine's one clock."""

    number: int
    kind: str
    target: str
    costs: frozenset[str]
    began: float
    ended: float | None = None
    trouble: str = ""
    """Why it did not happen, or not wholly."""

    def covers(self, worker: str, start: float, end: float) -> bool:
        """Tell whether it may have cost ``worker`` an attempt that lasted from ``start`` to ``end``."""
        return (self.costs == EVERYBODY or worker in self.costs) and self.began <= end and (self.ended is None or self.ended >= start)


class Journal:
    """Entries in order; written by several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.entries: list[Entry] = []

    def begin(self, kind: str, target: str, costs: frozenset[str]) -> Entry:
        with self._lock:
            entry = Entry(len(self.entries) + 1, kind, target, costs, began=time.time())
            self.entries.append(entry)
            return entry

    def by_kind(self) -> dict[str, int]:
        return dict(sorted(Counter(entry.kind for entry in self.entries if not entry.trouble).items()))

    def as_json(self) -> list[dict[str, Any]]:
        return [asdict(entry) | {"costs": sorted(entry.costs)} for entry in self.entries]
