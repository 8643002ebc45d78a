"""FLAC files, 24 bits."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from persistence.disk import writing
from persistence.spool import Samples
from persistence.writers.sound_file import encode_sound


def write_flac(path: Path, samples: Samples, sample_rate: int, metadata: str | None) -> None:
    """Write one file; samples beyond -1 to 1 are clipped, since FLAC holds integers.

    Raises:
        DiskFull, EncodeFailed: when it cannot be written.
    """
    clipped = np.clip(samples, -1.0, 1.0)
    flac = encode_sound(path, clipped, sample_rate, file_format="FLAC", subtype="PCM_24", comment=metadata)
    with writing(path):
        path.write_bytes(flac)
