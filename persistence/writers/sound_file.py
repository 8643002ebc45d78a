"""What WAV and FLAC have in common: libsndfile encodes them."""

from __future__ import annotations

import io
from pathlib import Path

import soundfile

from persistence.disk import write_error
from persistence.spool import Samples


def encode_sound(
    path: Path, samples: Samples, sample_rate: int, *, file_format: str, subtype: str, comment: str | None = None
) -> memoryview:
    """Return a whole file; it is made in memory, since libsndfile does not say why a disk failed.

    Raises:
        EncodeFailed: when libsndfile fails, naming ``path``.
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
    return buffer.getbuffer()
