"""What the network remembers of a clip: a fixed number of slots, one memorised frame in each.

The first frame keeps slot 0; the others are overwritten in turn. Nothing is allocated after the ring was made, so memory is the same
for a clip of any length, and shapes are those that a compiled graph wants.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from pipelines.matanyone.layout import as_tokens
from pipelines.matanyone.memory_read import KEY_OPERAND, key_operand
from pipelines.matanyone.sizes import KEY_WIDTH, MEMORY_FRAMES, WIDTH


class MemoryRing:
    """Keys of up to five frames of (h, w) tokens, and their values for B targets.

    Attributes:
        matched: (5, h * w, 65) float32, each token's key and then its shrinkage; what a state keeps.
        keys: (5, h * w, 129) float32, the same in the form that the similarity is one matrix product of.
        values: (B, 5, h * w, 256) in the network's dtype.
        absent: (5, 1) float32, 0 for a slot with a frame and minus infinity for one without.
        written: how many frames were put in since the last :meth:`clear`.
    """

    def __init__(self, targets: int, tokens: int, *, device: torch.device, dtype: torch.dtype) -> None:
        self.matched = torch.zeros(MEMORY_FRAMES, tokens, KEY_WIDTH + 1, device=device)
        self.keys = torch.zeros(MEMORY_FRAMES, tokens, KEY_OPERAND, device=device)
        self.values = torch.zeros(targets, MEMORY_FRAMES, tokens, WIDTH, device=device, dtype=dtype)
        self.absent = torch.full((MEMORY_FRAMES, 1), -math.inf, device=device)
        self.written = 0

    @property
    def filled(self) -> int:
        """Slots that hold a frame; always the first ones."""
        return min(self.written, MEMORY_FRAMES)

    def clear(self) -> None:
        """Forget every frame, the first one too."""
        self.written = 0
        self.absent.fill_(-math.inf)

    def put(self, key: Tensor, shrinkage: Tensor, value: Tensor) -> None:
        """Memorise a frame: key (1, 64, h, w), shrinkage (1, 1, h, w), mask values (B, 256, h, w)."""
        matched = torch.cat([as_tokens(key.float()), as_tokens(shrinkage.float())], dim=-1)[0]
        self._place(matched, as_tokens(value))

    def held(self) -> tuple[Tensor, Tensor, None]:
        """Return keys (N, 129) and values (B, N, 256) of the filled slots, and that none of these tokens is absent."""
        return self.keys[: self.filled].flatten(0, 1), self.values[:, : self.filled].flatten(1, 2), None

    def whole(self) -> tuple[Tensor, Tensor, Tensor]:
        """Return keys and values of all five slots, and (N,) what keeps those without a frame from being read: shapes are always the same."""
        absent = self.absent.expand(-1, self.keys.shape[1]).flatten()
        return self.keys.flatten(0, 1), self.values.flatten(1, 2), absent

    def restore(self, matched: Tensor, values: Tensor, written: int) -> None:
        """Put back what the slots held: ``matched`` (filled, h * w, 65) and ``values`` (B, filled, h * w, 256)."""
        self.clear()
        for slot in range(matched.shape[0]):
            self._place(matched[slot], values[:, slot])
        self.written = written

    def _place(self, matched: Tensor, values: Tensor) -> None:
        slot = self.written if self.written < MEMORY_FRAMES else 1 + (self.written - 1) % (MEMORY_FRAMES - 1)
        self.matched[slot] = matched
        self.keys[slot] = key_operand(*torch.split(self.matched[slot], [KEY_WIDTH, 1], dim=-1))
        self.values[:, slot] = values
        self.absent[slot] = 0
        self.written += 1
