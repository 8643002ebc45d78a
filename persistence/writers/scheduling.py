"""Keeps encoders from taking the machine for themselves."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TASKS = Path("/proc/self/task")


@contextmanager
def unchanged_scheduling() -> Iterator[None]:
    """Give every thread of this process the scheduling that the caller had before.

    SVT-AV1 run by root makes its threads, and the thread that opens it, real-time ones of the highest priority
    (``SCHED_FIFO`` 99), and every process that is started from there inherits it. Two of them that wait for a third one
    stop a machine of two cores. Where the system has no ``/proc`` or no such policies there is nothing to undo.
    """
    if not TASKS.is_dir():
        yield
        return
    policy, priority = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        yield
    finally:
        for task in TASKS.iterdir():
            try:
                if os.sched_getscheduler(int(task.name)) != policy:
                    os.sched_setscheduler(int(task.name), policy, priority)
            except ProcessLookupError:
                continue  # a thread that ended meanwhile
