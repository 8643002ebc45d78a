"""What is known of a clip or an image that is to be matted, before it is."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from reelfleet.contract.base import Frozen


class SourceTrack(Frozen):
    """One track of sound of a source."""

    index: int = Field(ge=0, description="place among the source's tracks of sound, from 0")
    codec: str
    sample_rate: int = Field(ge=1, description="hertz")
    channels: int = Field(ge=1)
    duration_s: float = Field(ge=0, description="of this track; tracks of one file may differ")
    language: str | None = Field(default=None, description="as the file says, such as eng")


class SourceFacts(Frozen):
    """A source as it was found when it was opened: sizes as a viewer sees them, turned upright and with square pixels."""

    media: Literal["video", "image"]
    width: int = Field(ge=1, description="pixels, after rotation and with square pixels")
    height: int = Field(ge=1, description="pixels, after rotation")
    frames: int = Field(ge=1, description="frames in order of presentation from the first that can be decoded whole; 1 for an image")
    fps: float | None = Field(default=None, description="average frames per second; none for an image")
    constant_rate: bool = Field(default=True, description="whether all frames are shown equally long")
    duration_s: float = Field(default=0.0, ge=0, description="from the first frame to the end of the last; 0 for an image")
    missing_s: float = Field(
        default=0.0, ge=0, description="seconds of pictures that the file promises beyond its last frame; it was cut off then"
    )
    codec: str
    pixel_format: str = Field(description="ffmpeg's name, such as yuv420p10le; Pillow's mode for an image")
    rotation: int = Field(default=0, description="degrees clockwise by which the stored pictures are turned for viewing: 0, 90, 180 or 270")
    pixel_aspect: str = Field(default="1:1", description="width to height of a stored pixel")
    transfer: Literal["sdr", "pq", "hlg"] = Field(default="sdr", description="how light is coded: SDR, or HDR by PQ or HLG")
    audio_tracks: tuple[SourceTrack, ...] = ()
