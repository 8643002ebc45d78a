"""What an engine tells whoever watches a generation, and where it can be stopped."""

from __future__ import annotations

from typing import Protocol

from reelfleet.contract.job import Phase


class Observer(Protocol):
    """Hears of every phase, step and frame of one generation.

    Every method is called from the thread that computes. ``phase`` and ``advance`` may raise (abort, time-out, lost
    lease) and may block while the job is held; what they raise leaves the engine unchanged, and the engine is ready
    for the next job.
    """

    def phase(self, phase: Phase, of: int = 0) -> None:
        """Enter a phase of ``of`` steps or frames; 0 when their number is unknown."""

    def advance(self, step: int, of: int) -> None:
        """Hear that ``step`` of ``of`` denoise steps or decoded frames are done."""

    def preview_due(self) -> bool:
        """Return whether a preview is wanted now; asked once per denoise step."""

    def preview(self, image: bytes, media_type: str) -> None:
        """Take a preview of at most 64 KiB."""
