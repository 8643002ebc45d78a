"""A place for a worker, kept filled by the supervisor."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import psutil

from tests.chaos.host import Host

if TYPE_CHECKING:
    from tests.fixtures.fleet import TestWorker


@dataclass
class Post:
    """Role, slot and host of a worker, and the process that fills the place now."""

    role: str
    slot: int
    host: Host
    process: TestWorker | None = None
    told_to_go: bool = False
    """Whether the process was drained or sent SIGTERM, and has to end with status 0."""
    started: int = 0
    ended: list[int] = field(default_factory=list)
    """Exit statuses of former processes."""

    @property
    def name(self) -> str:
        """The worker's name."""
        return f"{self.role}{self.slot}@{self.host.name}"

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.process.poll() is None

    def children(self) -> list[psutil.Process]:
        """The pool's children that live now."""
        if self.process is None or not self.alive:
            return []
        with suppress(psutil.Error):
            return self.process.children()
        return []

    def signal(self, number: signal.Signals, *, parent: bool = True, children: bool = False) -> None:
        """Send a signal to the parent, its children or both; who has gone meanwhile gets none."""
        targets = [child.pid for child in self.children()] if children else []
        if parent and self.alive and self.process is not None:
            targets.insert(0, self.process.pid)
        for pid in targets:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
