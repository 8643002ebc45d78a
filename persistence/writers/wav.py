"""WAV files, 32-bit float: the very samples that were made."""

from __future__ import annotations

from pathlib import Path

from persistence.spool import Samples
from persistence.writers.sound_file import write_sound_file


def write_wav(path: Path, samples: Samples, sample_rate: int, metadata: str | None) -> None:
    """Write one file, with metadata as the comment of its INFO chunk.

    Raises:
        DiskFull, EncodeFailed: when it cannot be written.
    """
    write_sound_file(path, samples, sample_rate, file_format="WAV", subtype="FLOAT", comment=metadata)
