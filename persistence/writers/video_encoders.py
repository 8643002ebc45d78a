"""Which encoder writes a codec, and how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from reelfleet.contract.errors import Unsupported
from reelfleet.contract.output import VideoCodec, VideoContainer

SMALL_SIDE = 64


@dataclass(frozen=True)
class VideoEncoder:
    """An encoder of ffmpeg and what it can do."""

    name: str
    pixel_format: str
    odd_pixel_format: str | None
    """For an odd width or height; none where the encoder cannot."""
    default_crf: int | None
    min_side: int = 1
    options: Mapping[str, str] = field(default_factory=dict)
    small_options: Mapping[str, str] = field(default_factory=dict)
    """Instead of those of the same name, for a side below ``SMALL_SIDE``."""
    in_order_options: Mapping[str, str] = field(default_factory=dict)
    """Make the packets come in the order in which the frames are shown; empty where they do anyway."""

    @property
    def keeps_alpha(self) -> bool:
        """Whether its pictures are RGBA."""
        return self.pixel_format.startswith("yuva")

    def pixel_format_for(self, width: int, height: int) -> str:
        """Return the pixel format for a size; the size itself is never changed.

        Raises:
            Unsupported: when the encoder cannot write this size.
        """
        even = width % 2 == 0 and height % 2 == 0
        chosen = self.pixel_format if even else self.odd_pixel_format
        if chosen is None or min(width, height) < self.min_side:
            what = "odd sizes" if chosen is None else f"sides below {self.min_side} pixels"
            raise Unsupported(f"{self.name} does not write {what} ({width}x{height}); choose another video_codec or size")
        return chosen

    def options_for(self, crf: int | None, width: int, height: int, *, in_order: bool = False) -> dict[str, str]:
        """Return the encoder's options for a size, with a constant rate factor where it has one.

        Args:
            crf: none: the encoder's default.
            width: pixels.
            height: pixels.
            in_order: whether packets must come in the order in which frames are shown.
        """
        chosen = self.default_crf if crf is None else crf
        small = self.small_options if min(width, height) < SMALL_SIDE else {}
        order = self.in_order_options if in_order else {}
        return {**self.options, **small, **order, **({} if chosen is None else {"crf": str(chosen)})}


ENCODERS: dict[VideoCodec, VideoEncoder] = {
    # 4:2:0 halves both sides, so these two write an odd size as 4:4:4, which fewer players show.
    VideoCodec.H264: VideoEncoder(
        "libx264", "yuv420p", "yuv444p", default_crf=18, min_side=2, options={"preset": "medium"}, in_order_options={"bf": "0"}
    ),
    VideoCodec.H265: VideoEncoder(
        "libx265",
        "yuv420p",
        "yuv444p",
        default_crf=20,
        min_side=16,
        options={"preset": "medium", "x265-params": "log-level=none"},
        # x265's cutree writes past its arrays for pictures such as 40x24, and takes the process with it.
        small_options={"x265-params": "log-level=none:cutree=0"},
        in_order_options={"bf": "0"},
    ),
    VideoCodec.PRORES: VideoEncoder("prores_ks", "yuv422p10le", None, default_crf=None, min_side=16, options={"profile": "hq"}),
    # VP9 and AV1 define 4:2:0 for odd sizes.
    VideoCodec.VP9: VideoEncoder(
        "libvpx-vp9", "yuv420p", "yuv420p", default_crf=24, options={"b": "0", "row-mt": "1", "deadline": "good", "cpu-used": "4"}
    ),
    # SVT-AV1 never comes back from narrow pictures such as 66x16.
    VideoCodec.AV1: VideoEncoder("libsvtav1", "yuv420p", "yuv420p", default_crf=28, min_side=32, options={"preset": "8"}),
}

ALPHA_ENCODERS: dict[VideoCodec, VideoEncoder] = {
    VideoCodec.PRORES: VideoEncoder(
        "prores_ks", "yuva444p10le", "yuva444p10le", default_crf=None, min_side=16, options={"profile": "4444", "alpha_bits": "16"}
    ),
    # libvpx takes no alpha together with hidden reference frames.
    VideoCodec.VP9: replace(
        ENCODERS[VideoCodec.VP9],
        pixel_format="yuva420p",
        odd_pixel_format="yuva420p",
        options={**ENCODERS[VideoCodec.VP9].options, "auto-alt-ref": "0"},
    ),
}
"""Which encoder keeps an alpha channel; ProRes 4444 takes odd sizes, too."""

BESIDE_ALPHA_ENCODERS: dict[VideoCodec, VideoEncoder] = {
    VideoCodec.PRORES: replace(ALPHA_ENCODERS[VideoCodec.PRORES], pixel_format="yuv444p10le", odd_pixel_format="yuv444p10le"),
    VideoCodec.VP9: ENCODERS[VideoCodec.VP9],
}
"""For opaque pictures of the same sizes, so that what can be written with alpha can be written without."""

CONTAINER_FORMATS: dict[VideoContainer, str] = {
    VideoContainer.MP4: "mp4",
    VideoContainer.MKV: "matroska",
    VideoContainer.MOV: "mov",
    VideoContainer.WEBM: "webm",
}
"""ffmpeg's names."""

MEDIA_TYPES: dict[VideoContainer, str] = {
    VideoContainer.MP4: "video/mp4",
    VideoContainer.MKV: "video/matroska",
    VideoContainer.MOV: "video/quicktime",
    VideoContainer.WEBM: "video/webm",
}


def container_options(container: VideoContainer) -> dict[str, str]:
    """Return the muxer's options: the index at the front where there is one, and nothing random in the file."""
    flags = {
        VideoContainer.MP4: {"movflags": "+faststart"},
        # QuickTime's own comment holds 64 KiB; with tags as keys there is no such bound.
        VideoContainer.MOV: {"movflags": "+faststart+use_metadata_tags"},
    }
    return {"fflags": "+bitexact"} | flags.get(container, {})
