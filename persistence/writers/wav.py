"""WAV files, 32-bit float: the very samples that were made."""

from __future__ import annotations

from pathlib import Path

from persistence.disk import writing
from persistence.riff import with_info_comment
from persistence.spool import Samples
from persistence.writers.sound_file import encode_sound


def write_wav(path: Path, samples: Samples, sample_rate: int, metadata: str | None) -> None:
    """Write one file, with metadata as the comment of its INFO chunk.

    Raises:
        DiskFull, EncodeFailed: when it cannot be written.
    """
    wav = encode_sound(path, samples, sample_rate, file_format="WAV", subtype="FLOAT")
    with writing(path):
        path.write_bytes(wav if metadata is None else with_info_comment(wav, metadata))
