"""How results are written: containers, codecs, qualities."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal, Self

from pydantic import Field, model_validator

from reelfleet.contract.base import Frozen


class VideoCodec(StrEnum):
    """Video codecs that the writers know."""

    H264 = "h264"
    H265 = "h265"
    PRORES = "prores"
    VP9 = "vp9"
    AV1 = "av1"


class VideoContainer(StrEnum):
    """Video containers that the writers know."""

    MP4 = "mp4"
    MKV = "mkv"
    MOV = "mov"
    WEBM = "webm"


class ImageFormat(StrEnum):
    """Image formats that the writers know."""

    PNG = "png"
    JPEG = "jpeg"
    WEBP = "webp"


class AudioFormat(StrEnum):
    """Formats of an audio artifact of its own."""

    WAV = "wav"
    FLAC = "flac"


CODECS_OF_CONTAINER: dict[VideoContainer, tuple[VideoCodec, ...]] = {
    VideoContainer.MP4: (VideoCodec.H264, VideoCodec.H265, VideoCodec.AV1, VideoCodec.VP9),
    VideoContainer.MKV: (VideoCodec.H264, VideoCodec.H265, VideoCodec.AV1, VideoCodec.VP9, VideoCodec.PRORES),
    VideoContainer.MOV: (VideoCodec.H264, VideoCodec.H265, VideoCodec.PRORES),
    VideoContainer.WEBM: (VideoCodec.VP9, VideoCodec.AV1),
}
"""Which codec may go into which container; the first is the default."""


H26X_CRF_MAX = 51


class OutputOptions(Frozen):
    """How the artifacts of a job are written; every field has a sensible default."""

    container: VideoContainer = VideoContainer.MP4
    video_codec: VideoCodec | None = Field(default=None, description="default: the container's first codec (H.264; VP9 in webm)")
    video_crf: int | None = Field(
        default=None,
        ge=0,
        le=63,
        description="constant rate factor, lower is better: 0-51 for h264 and h265, 0-63 for vp9 and av1; none for prores",
    )
    image_format: ImageFormat = ImageFormat.PNG
    image_quality: int = Field(default=95, ge=1, le=100, description="JPEG and WebP quality; PNG is lossless")
    audio_format: AudioFormat = AudioFormat.WAV
    save_audio: bool = Field(default=False, description="also write sound as an artifact of its own")

    @property
    def codec(self) -> VideoCodec:
        """The codec that is used: the one asked for, or the container's first."""
        return self.video_codec or CODECS_OF_CONTAINER[self.container][0]

    @model_validator(mode="after")
    def _fits(self) -> Self:
        allowed = CODECS_OF_CONTAINER[self.container]
        if self.codec not in allowed:
            raise ValueError(f"{self.container.value} does not hold {self.codec.value}; it holds {', '.join(allowed)}")
        if self.video_crf is not None and self.codec is VideoCodec.PRORES:
            raise ValueError("prores has no video_crf")
        if self.video_crf is not None and self.video_crf > H26X_CRF_MAX and self.codec in {VideoCodec.H264, VideoCodec.H265}:
            raise ValueError(f"video_crf goes from 0 to {H26X_CRF_MAX} for {self.codec.value}")
        return self


MetadataMode = Literal["metadata", "json"]
"""``metadata``: embedded in the media file. ``json``: a sidecar beside it."""
