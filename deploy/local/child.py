"""Starts one of our own processes, with its output in a log file."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from reelfleet.contract.errors import Internal

ROOT = Path(__file__).resolve().parents[2]
POLL_S = 0.1
LOG_LINES = 20


@dataclass(frozen=True)
class Child:
    """A process that was started here."""

    name: str
    role: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def pid(self) -> int:
        """The process id."""
        return self.process.pid

    def ended(self) -> int | None:
        """Return the exit status (negative: the signal), or none while the process runs."""
        return self.process.poll()

    def tail(self) -> str:
        """Return the end of the log."""
        return "\n".join(self.log.read_text("utf-8", errors="replace").splitlines()[-LOG_LINES:])


def start(name: str, role: str, command: Sequence[str], *, environment: dict[str, str], log: Path) -> Child:
    """Start a command in the checkout, in a session of its own: Ctrl-C in a terminal reaches only the supervisor."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            list(command),
            cwd=ROOT,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return Child(name=name, role=role, process=process, log=log)


def wait_until(ready: Callable[[], bool], children: Sequence[Child], *, what: str, limit_s: float) -> None:
    """Wait for a condition that the children bring about.

    Raises:
        Internal: when a child ends first, or the time is up; the end of the log is in the message.
    """
    give_up = time.monotonic() + limit_s
    while not ready():
        for child in children:
            status = child.ended()
            if status is not None:
                raise Internal(f"{child.name} ended with status {status} before {what}; the end of {child.log}:\n{child.tail()}")
        if time.monotonic() > give_up:
            logs = "\n".join(f"the end of {child.log}:\n{child.tail()}" for child in children)
            raise Internal(f"waited {limit_s:g} s in vain for {what}\n{logs}")
        time.sleep(POLL_S)


def free_port() -> int:
    """Return a port that is free on loopback now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
