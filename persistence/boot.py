"""Which run of the machine this is."""

from __future__ import annotations

from pathlib import Path

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
"""Linux draws a new one at every boot (proc(5))."""


def boot_id() -> str | None:
    """Return this boot's id, or none where the system has none."""
    try:
        return BOOT_ID.read_text("ascii").strip()
    except OSError:
        return None
