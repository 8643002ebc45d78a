"""Which writer writes a sound format."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from persistence.spool import Samples
from persistence.writers.flac import write_flac
from persistence.writers.wav import write_wav
from reelfleet.contract.output import AudioFormat

AudioWriter = Callable[[Path, Samples, int, str | None], None]
"""Called with path, samples, rate in hertz and metadata JSON (or none)."""

AUDIO_WRITERS: dict[AudioFormat, AudioWriter] = {AudioFormat.WAV: write_wav, AudioFormat.FLAC: write_flac}
MEDIA_TYPES = {AudioFormat.WAV: "audio/wav", AudioFormat.FLAC: "audio/flac"}
