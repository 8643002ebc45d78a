"""What a probe found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from reelfleet.contract.manifest import AudioTrack


@dataclass(frozen=True)
class FrameTimes:
    """When the frames of a video are shown, as its file says."""

    tick: Fraction
    """Seconds."""
    starts: Sequence[int]
    """In ticks, one per frame, in order; -1 for a frame without a time."""
    end: Fraction | None
    """Seconds at which the last frame ends; none where the file does not say."""


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
    times: FrameTimes | None = field(default=None, compare=False)
    alpha: bool = False
    """Whether every frame came with a plane of alpha."""


@dataclass(frozen=True)
class ImageFacts:
    """An image file, decoded."""

    format: str
    width: int
    height: int
    mode: str = "RGB"
    """Pillow's name of the channels."""


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
