"""What WAV and FLAC have in common: libsndfile writes them, in memory."""

from __future__ import annotations

import io
from pathlib import Path

import soundfile

from persistence.disk import write_error, writing
from persistence.spool import Samples


def write_sound_file(path: Path, samples: Samples, sample_rate: int, *, file_format: str, subtype: str, comment: str | None) -> None:
    """Write one file; libsndfile gets memory to write to, since it does not say why a disk failed.

    Raises:
        DiskFull, EncodeFailed: when it cannot be written.
    """
    buffer = io.BytesIO()
    try:
        with soundfile.SoundFile(
            buffer, "w", samplerate=sample_rate, channels=samples.shape[1], format=file_format, subtype=subtype
        ) as file:
            if comment is not None:
                file.comment = comment
            file.write(samples)
    except (soundfile.SoundFileError, ValueError) as error:
        raise write_error(path, error) from error
    with writing(path):
        path.write_bytes(buffer.getbuffer())
