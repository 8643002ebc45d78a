"""Processes that are known for certain: by number and start time, or by a mark in their environment."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import psutil

from reelfleet.contract.base import Frozen

FOLDER_VARIABLE = "REEL_LOCAL_FLEET"
"""In the environment of every process of a local fleet: the fleet's folder."""
SAME_START_S = 0.05


class ProcessMark(Frozen):
    """A process; its start time tells it from a later one with the same number."""

    pid: int
    started: float

    @classmethod
    def of(cls, pid: int) -> ProcessMark:
        """Return the mark of a process that runs now; one that has just ended gets a mark that matches nothing."""
        try:
            return cls(pid=pid, started=psutil.Process(pid).create_time())
        except psutil.NoSuchProcess:
            return cls(pid=pid, started=0.0)

    def process(self) -> psutil.Process | None:
        """Return the process if it still runs; a zombie does not."""
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.started) < SAME_START_S
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        except psutil.NoSuchProcess:
            return None


def processes_marked(folder: Path) -> list[psutil.Process]:
    """Return the processes that were started for the fleet in ``folder``, except this one and its ancestors."""
    own = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    found = []
    for process in psutil.process_iter():
        try:
            if (
                process.pid not in own
                and process.environ().get(FOLDER_VARIABLE) == str(folder)
                and process.status() != psutil.STATUS_ZOMBIE
            ):
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue  # gone meanwhile, or another user's: no process of this fleet
    return found


def with_descendants(processes: Iterable[psutil.Process]) -> list[psutil.Process]:
    """Return the processes and everything below them, each once."""
    found: dict[int, psutil.Process] = {}
    for process in processes:
        try:
            family = [process, *process.children(recursive=True)]
        except psutil.NoSuchProcess:
            continue
        found.update({member.pid: member for member in family})
    return list(found.values())


def stop_processes(processes: Iterable[psutil.Process], *, grace_s: float) -> None:
    """Ask the processes to end, wait up to ``grace_s``, then kill what is left of them and of their descendants."""
    heads = list(processes)
    everything = with_descendants(heads)
    for process in heads:
        _signal(process, kill=False)
    _, left = psutil.wait_procs(heads, timeout=grace_s)
    for process in with_descendants([*left, *everything]):
        _signal(process, kill=True)
    psutil.wait_procs(everything, timeout=grace_s)


def _signal(process: psutil.Process, *, kill: bool) -> None:
    try:
        if kill:
            process.kill()
        else:
            process.terminate()
    except psutil.NoSuchProcess:
        return
