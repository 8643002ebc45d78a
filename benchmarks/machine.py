"""Facts about the machine that figures depend on."""

from __future__ import annotations

import os
import platform
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


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.processor())
