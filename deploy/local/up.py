"""Brings a fleet up: in the foreground until a signal, or behind a supervisor of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.local.child import LOG_LINES, ROOT
from deploy.local.down import clear_leftovers
from deploy.local.fleet import FleetPlan, LocalFleet
from deploy.local.folder import FleetDescription, FleetFolder
from deploy.local.lock import only_fleet
from deploy.local.process import FOLDER_VARIABLE
from reelfleet.contract.errors import Internal

POLL_S = 0.5
Tell = Callable[[str], None]


class StopRequested(BaseException):
    """A signal asked for the end; no ``except Exception`` may swallow it."""


@contextmanager
def running_fleet(folder: FleetFolder, plan: FleetPlan, *, tell: Tell) -> Iterator[LocalFleet]:
    """Bring a fleet up and stop it when the block ends; SIGINT, SIGTERM and SIGHUP end the block with :class:`StopRequested`.

    Raises:
        InvalidConfig: when a fleet is up in this folder already.
        Internal: when a process ends before it is ready.
    """
    folder.prepare()
    with only_fleet(folder), _signals():
        if clear_leftovers(folder, grace_s=plan.grace_s):
            tell("stopped what an earlier fleet in this folder had left")
        with LocalFleet(folder, plan, tell=tell) as fleet:
            try:
                yield fleet
            finally:
                _ignore_signals()


def stay_up(folder: FleetFolder, plan: FleetPlan, *, tell: Tell, ready: Callable[[FleetDescription], None]) -> None:
    """Bring a fleet up, say so, and keep it up until a signal comes."""
    try:
        with running_fleet(folder, plan, tell=tell) as fleet:
            if fleet.description is not None:
                ready(fleet.description)
            while True:
                time.sleep(POLL_S)
                fleet.report_ended()
    except StopRequested:
        tell("stopped")


def detach(folder: FleetFolder, arguments: list[str], *, limit_s: float) -> FleetDescription:
    """Start a supervisor that outlives this process, and wait until its fleet is up.

    Raises:
        Internal: when the supervisor ends first, or takes too long; the end of its log is in the message.
    """
    folder.prepare()
    log = folder.log("supervisor")
    with log.open("wb") as output:
        supervisor = subprocess.Popen(
            [sys.executable, "-m", "deploy.local", "up", "--dir", str(folder.path), *arguments],
            cwd=ROOT,
            env={**os.environ, FOLDER_VARIABLE: str(folder.path)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        return _wait_for_description(folder, supervisor, log, limit_s)
    except BaseException:
        supervisor.terminate()
        supervisor.wait()
        raise


def _wait_for_description(folder: FleetFolder, supervisor: subprocess.Popen[bytes], log: Path, limit_s: float) -> FleetDescription:
    give_up = time.monotonic() + limit_s
    while True:
        description = folder.description()
        if description is not None and any(entry.pid == supervisor.pid for entry in description.processes):
            return description
        status = supervisor.poll()
        tail = "\n".join(log.read_text("utf-8", errors="replace").splitlines()[-LOG_LINES:])
        if status is not None:
            raise Internal(f"the fleet did not come up:\n{tail}")
        if time.monotonic() > give_up:
            raise Internal(f"the fleet was not up after {limit_s:g} s:\n{tail}")
        time.sleep(POLL_S)


_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def _signals() -> Iterator[None]:
    def stop(*_: object) -> None:
        _ignore_signals()
        raise StopRequested

    before = {number: signal.signal(number, stop) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _ignore_signals() -> None:
    """Let the stop run to its end: it is bounded in time, and what it would leave behind nobody would stop."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)
