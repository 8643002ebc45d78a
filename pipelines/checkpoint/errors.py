"""What can be wrong with checkpoints; none of it ends a job, so none of it goes on the wire."""

from __future__ import annotations


class CheckpointRefused(Exception):
    """A checkpoint cannot be resumed from; its text is the reason, for people. The run starts over."""


class NotStorable(Exception):
    """The state of a run holds something that has no place in a checkpoint; its text says what."""
