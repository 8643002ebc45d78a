"""What every file of a matting has in common while the frames pass by."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from persistence.local_artifact import LocalArtifact
from persistence.matte.timeline import Moment

Picture = NDArray[np.uint8]
"""(height, width, 3) RGB, (height, width, 4) RGBA, or (height, width) for an alpha alone."""


class Output(Protocol):
    """One file that gets a picture per frame; all of a job's files are written in the same pass over the source."""

    def check(self) -> None:
        """Find out before any file is opened whether this one can be written.

        Raises:
            Unsupported: when it cannot.
        """

    def open(self) -> None:
        """Begin.

        Raises:
            DiskFull, EncodeFailed: when it cannot be written.
        """

    def write(self, picture: Picture, moment: Moment) -> None:
        """Add a frame.

        Raises:
            DiskFull, EncodeFailed: when it cannot be written.
        """

    def finish(self) -> LocalArtifact:
        """Close the file, reopen and check it, and give it its name.

        Raises:
            DiskFull, EncodeFailed: when it is not good or cannot be written.
        """

    def discard(self) -> None:
        """Remove what is unfinished; before :meth:`open` and after :meth:`finish` there is nothing to do."""
