"""What a probe found."""

from __future__ import annotations

from dataclasses import dataclass

from reelfleet.contract.manifest import AudioTrack


@dataclass(frozen=True)
class VideoFacts:
    """A video file, decoded to its end."""

    codec: str
    width: int
    height: int
    fps: float
    frames: int
    """Counted, not read from a header."""
    audio_tracks: tuple[AudioTrack, ...]


@dataclass(frozen=True)
class ImageFacts:
    """An image file, decoded."""

    format: str
    width: int
    height: int


@dataclass(frozen=True)
class AudioFacts:
    """A sound file, decoded to its end."""

    codec: str
    sample_rate: int
    channels: int
    samples: int
    """Per channel, counted."""

    @property
    def duration_s(self) -> float:
        """Seconds."""
        return self.samples / self.sample_rate
