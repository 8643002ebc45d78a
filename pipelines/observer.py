"""What an engine tells whoever watches a generation, and where it can be stopped."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from pipelines.checkpoint import Snapshot
from reelfleet.contract.job import Phase


class Observer(Protocol):
    """Hears of every phase, step and frame of one generation.

    Every method is called from the thread that computes. ``phase`` and ``advance`` may raise (abort, time-out, lost
    lease, pause); what they raise leaves the engine unchanged, and the engine is ready for the next job.
    """

    def phase(self, phase: Phase, of: int = 0) -> None:
        """Enter a phase of ``of`` steps or frames; 0 when their number is unknown."""

    def advance(self, step: int, of: int, take: Callable[[], Snapshot] | None = None) -> None:
        """Hear that ``step`` of ``of`` denoise steps or decoded frames are done.

        Args:
            step: 1 for the first.
            of: how many there are.
            take: copies the state of the run to the host, for a checkpoint, which is all that it costs; only good until
                this method returns. None after frames, and after steps of a run that cannot be resumed exactly.
        """

    def note(self, text: str) -> None:
        """Take a sentence that whoever watches the job should read, such as that it resumes after a step."""

    def refused(self, text: str) -> None:
        """Hear that the checkpoint to go on from is of no use, and why; the job starts over."""

    def preview_due(self) -> bool:
        """Return whether a preview is wanted now; asked once per denoise step."""

    def preview(self, image: bytes, media_type: str) -> None:
        """Take a preview of at most 64 KiB."""
