"""The state of a run between two denoise steps: taken, stored, read again and resumed, bit by bit."""

from pipelines.checkpoint.errors import CheckpointRefused, NotStorable
from pipelines.checkpoint.file import step_of
from pipelines.checkpoint.snapshot import Snapshot

__all__ = ["CheckpointRefused", "NotStorable", "Snapshot", "step_of"]
