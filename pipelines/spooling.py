"""What an engine needs of the place where frames go."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

Frame = npt.NDArray[np.uint8]
"""One picture: (height, width, 3), RGB, 8 bits, contiguous."""
Samples = npt.NDArray[np.float32]
"""Sound: (samples, channels), -1 to 1."""


class Spool(Protocol):
    """Takes frames and sound in order; :class:`persistence.spool.SpoolWriter` is one."""

    def begin_frames(self, width: int, height: int, fps: float | None) -> None:
        """Announce frames of this size; ``fps`` is none for a single image."""

    def write_frame(self, rgb: Frame) -> None:
        """Take the next frame; keeps no reference to it."""

    def write_audio(self, samples: Samples, sample_rate: int) -> None:
        """Take the whole sound of the clip; ``sample_rate`` in hertz."""

    def restart(self) -> None:
        """Forget all that was taken: the same clip comes again from its beginning."""
