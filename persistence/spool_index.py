"""What a spool folder says about itself; the index is written last, so a folder without one is unfinished."""

from __future__ import annotations

from pydantic import Field

from reelfleet.contract.base import Frozen

INDEX_NAME = "spool.json"
FRAMES_NAME = "frames.rgb24"
AUDIO_NAME = "audio.f32"
CHANNELS_OF_RGB = 3
BYTES_OF_FLOAT = 4


class SpooledFrames(Frozen):
    """Frames in ``frames.rgb24``: 8-bit RGB, row by row, one after the other."""

    width: int = Field(ge=1, description="pixels")
    height: int = Field(ge=1, description="pixels")
    count: int = Field(ge=1)
    fps: float | None = Field(default=None, gt=0, description="none for images")

    @property
    def frame_bytes(self) -> int:
        """Bytes of one frame."""
        return self.width * self.height * CHANNELS_OF_RGB


class SpooledAudio(Frozen):
    """Sound in ``audio.f32``: float32 little-endian, interleaved."""

    sample_rate: int = Field(ge=1, description="hertz")
    channels: int = Field(ge=1)
    samples: int = Field(ge=1, description="per channel")

    @property
    def bytes(self) -> int:
        """Bytes of all samples."""
        return self.samples * self.channels * BYTES_OF_FLOAT


class SpoolIndex(Frozen):
    """The whole spool."""

    version: int = 1
    frames: SpooledFrames
    audio: SpooledAudio | None = None
    boot_id: str | None = Field(
        default=None, description="the boot that wrote it and did not flush it; none: it is flushed and outlives a boot"
    )
