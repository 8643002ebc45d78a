"""Giving a job back before its stage is done: for a pause, for another job, for a worker that leaves."""

from __future__ import annotations


class GiveBack(Exception):
    """The stage stops here, and the job goes on later, here or elsewhere, in the same attempt."""

    def __init__(self, reason: str, note: str = "") -> None:
        """Say why, and with ``note`` what the job's owner should know of it."""
        super().__init__(reason)
        self.reason, self.note = reason, note
