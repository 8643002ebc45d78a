"""Probing sound files."""

from __future__ import annotations

from pathlib import Path

import soundfile

from persistence.probes.facts import AudioFacts
from reelfleet.contract.errors import EncodeFailed

_BLOCK = 1 << 16


def probe_audio(path: Path) -> AudioFacts:
    """Decode every sample of a WAV or FLAC file.

    Raises:
        EncodeFailed: when it does not decode.
    """
    try:
        with soundfile.SoundFile(path) as file:
            samples = sum(len(block) for block in file.blocks(_BLOCK, dtype="float32"))
            return AudioFacts(
                codec=f"{file.format}/{file.subtype}".lower(), sample_rate=file.samplerate, channels=file.channels, samples=samples
            )
    except (soundfile.SoundFileError, OSError) as error:
        raise EncodeFailed(f"{path.name} does not decode: {error}", details={"path": str(path)}) from error
