"""What the network remembers of a clip: a fixed number of slots, one memorised frame in each.

The first frame keeps slot 0; the others are overwritten in turn. Nothing is allocated after the ring was made, so memory is the same
for a clip of any length, and shapes are those that a compiled graph wants.
"""

from __future__ import annotations

import torch
from torch import Tensor

from pipelines.matanyone.layout import as_tokens
from pipelines.matanyone.memory_read import KEY_OPERAND, key_operand, read_memory
from pipelines.matanyone.sizes import MEMORY_FRAMES, WIDTH


class MemoryRing:
    """Keys and values of up to five frames of (h, w) tokens for B targets.

    Attributes:
        keys: (B, 5, h * w, 129) float32, in the form that the similarity is one matrix product of.
        values: (B, 5, h * w, 256) in the network's dtype.
        written: how many frames were put in since the last :meth:`clear`.
    """

    def __init__(self, targets: int, tokens: int, *, device: torch.device, dtype: torch.dtype) -> None:
        self.keys = torch.zeros(targets, MEMORY_FRAMES, tokens, KEY_OPERAND, device=device)
        self.values = torch.zeros(targets, MEMORY_FRAMES, tokens, WIDTH, device=device, dtype=dtype)
        self.written = 0

    @property
    def filled(self) -> int:
        """Slots that hold a frame."""
        return min(self.written, MEMORY_FRAMES)

    def clear(self) -> None:
        """Forget every frame, the first one too."""
        self.written = 0

    def put(self, key: Tensor, shrinkage: Tensor, value: Tensor) -> None:
        """Memorise a frame: key (B, 64, h, w), shrinkage (B, 1, h, w), mask value (B, 256, h, w)."""
        slot = self.written if self.written < MEMORY_FRAMES else 1 + (self.written - 1) % (MEMORY_FRAMES - 1)
        self.keys[:, slot] = key_operand(key, shrinkage)
        self.values[:, slot] = as_tokens(value)
        self.written += 1

    def read(self, key: Tensor, selection: Tensor) -> Tensor:
        """Return what the memory says at each token of a frame: (B, 256, h, w) for key and selection (B, 64, h, w)."""
        keys, values = self.keys[:, : self.filled].flatten(1, 2), self.values[:, : self.filled].flatten(1, 2)
        return read_memory(keys, values, key, selection)
