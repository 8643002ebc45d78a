"""The state of a run between two steps, on the host and complete in itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch

from pipelines.checkpoint.file import Content, read_content, write_content
from pipelines.checkpoint.packing import Packed


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What another process needs to go on after ``step`` of ``of``, and to know that it may."""

    step: int
    of: int
    fingerprint: Mapping[str, str]
    """Everything that shapes the result, by name; a run with another value anywhere must not resume."""
    state: Packed = field(repr=False)
    """What else there is to know, packed: of a generation a :class:`~pipelines.checkpoint.state.RunState`."""
    tensors: Mapping[str, torch.Tensor] = field(repr=False)
    """What ``state`` refers to: copies in host memory that nothing else writes to."""
    attachments: tuple[Path, ...] = ()
    """Files that never change and belong to it; a checkpoint counts when the store has them too."""

    def save(self, path: Path) -> int:
        """Write one safetensors file, complete or not at all, and return its bytes. Can be called from any thread.

        Raises:
            OSError: as the file system has it, a full disk among it; nothing is left behind then.
        """
        return write_content(path, Content(self.step, self.of, dict(self.fingerprint), self.state, dict(self.tensors)))

    @classmethod
    def load(cls, path: Path) -> Snapshot:
        """Read a file that may come from anywhere.

        Raises:
            CheckpointRefused: when it is no checkpoint, damaged, of another format, or of absurd size.
        """
        content = read_content(path)
        return cls(content.step, content.of, content.fingerprint, content.state, content.tensors)
