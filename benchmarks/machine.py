"""Facts about the machine that figures depend on."""

from __future__ import annotations

import os
import platform
import time
from importlib.metadata import version
from pathlib import Path

import psutil

PACKAGES = ("torch", "diffusers", "transformers", "celery", "kombu", "redis", "av", "pillow")


def machine_facts() -> dict[str, str]:
    """Return what the figures were measured on, and how busy it was with other things."""
    load = psutil.getloadavg()
    return {
        "processor": _processor(),
        "cores": f"{os.cpu_count()} (this process may use {len(os.sched_getaffinity(0))})",
        "memory": f"{psutil.virtual_memory().total / 1024**3:.1f} GiB",
        "system": f"{platform.system()} {platform.release()}, Python {platform.python_version()}",
        "load before": f"{load[0]:.2f} (1 min), {load[1]:.2f} (5 min)",
        "packages": ", ".join(f"{name} {version(name)}" for name in PACKAGES),
    }


class Bystanders:
    """How much of the machine others used since this object was made: figures of a busy machine say little."""

    def __init__(self) -> None:
        self._began, self._all, self._own = time.monotonic(), _seconds_of_all(), processor_seconds(os.getpid())

    def share(self) -> float:
        """Return the share of all processor time that went to processes that are not of this run."""
        others = (_seconds_of_all() - self._all) - (processor_seconds(os.getpid()) - self._own)
        return max(0.0, others / ((time.monotonic() - self._began) * (os.cpu_count() or 1)))


def _seconds_of_all() -> float:
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - getattr(times, "iowait", 0.0) - getattr(times, "guest", 0.0) - getattr(times, "guest_nice", 0.0))


def processor_seconds(pid: int) -> float:
    """Return what a process, those that it started and those that they started have used, the ended ones included."""
    head = psutil.Process(pid)
    total = 0.0
    for process in (head, *head.children(recursive=True)):
        try:
            total += sum(process.cpu_times()[:4])
        except psutil.NoSuchProcess:
            continue
    return total


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.processor())
