"""Stops a fleet, also one whose supervisor crashed."""

from __future__ import annotations

import psutil

from deploy.local.folder import FleetFolder
from deploy.local.process import processes_marked, stop_processes

SUPERVISOR = "supervisor"
SLACK_S = 45.0
"""What a supervisor may take beyond its own grace: Redis and the S3 server write out what they have."""


def take_down(folder: FleetFolder, *, grace_s: float) -> bool:
    """Stop the fleet in ``folder`` and forget it; return whether anything ran.

    The supervisor is asked first, because it stops the others in the right order. Whatever is left after that is stopped here.
    """
    if not folder.path.is_dir():
        return False
    marks = folder.marks()
    supervisor = marks[SUPERVISOR].process() if SUPERVISOR in marks else None
    if supervisor is not None:
        _ask(supervisor, grace_s + SLACK_S)
    left = clear_leftovers(folder, grace_s=grace_s)
    folder.lock.unlink(missing_ok=True)
    return supervisor is not None or left


def clear_leftovers(folder: FleetFolder, *, grace_s: float) -> bool:
    """Stop what a crashed supervisor has left, workers before the servers that they use; return whether there was anything."""
    marks = folder.marks()
    servers = {marks[name].pid for name in ("redis", "s3") if name in marks}
    recorded = [process for process in (mark.process() for mark in marks.values()) if process is not None]
    everything = {process.pid: process for process in (*recorded, *processes_marked(folder.path))}
    everything.pop(psutil.Process().pid, None)
    stop_processes([process for pid, process in everything.items() if pid not in servers], grace_s=grace_s)
    stop_processes([process for pid, process in everything.items() if pid in servers], grace_s=grace_s)
    folder.forget()
    return bool(everything)


def _ask(supervisor: psutil.Process, limit_s: float) -> None:
    try:
        supervisor.terminate()
        supervisor.wait(timeout=limit_s)
    except (psutil.NoSuchProcess, psutil.TimeoutExpired):
        return  # gone, or deaf: then what is left is stopped by force
