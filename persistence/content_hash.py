"""Hashes of what was encoded, which are equal for equal pixels and samples whatever the container."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

import numpy as np

from persistence.spool import Frame, Samples


class FrameHash:
    """SHA-256 of 8-bit RGB frames in order, taken while they pass by."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()

    def add(self, frame: Frame) -> None:
        """Count a frame in."""
        self._digest.update(np.ascontiguousarray(frame).data)

    def over(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        """Yield the frames, counting each in."""
        for frame in frames:
            self.add(frame)
            yield frame

    def hexdigest(self) -> str:
        """Return the hash of the frames so far."""
        return self._digest.hexdigest()


def hash_samples(samples: Samples) -> str:
    """Return the SHA-256 of sound as float32, little-endian, interleaved."""
    return hashlib.sha256(np.ascontiguousarray(samples, dtype="<f4").data).hexdigest()
