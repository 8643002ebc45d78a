"""RGB to BT.709, as every player expects video to be."""

from __future__ import annotations

from typing import Any

import av
import numpy as np
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc, Interpolation, VideoReformatter

from persistence.spool import Frame

# Without a better interpolation than the default, chroma is thrown away: 8 dB in a comparison. Without ACCURATE_RND,
# and with more than one thread, swscale's 10-bit conversions leave garbage in a few pixels at the edges of widths
# that are no multiple of 32.
_INTERPOLATION = Interpolation.BICUBIC | Interpolation.ACCURATE_RND


class ToBt709:
    """Converts full-range RGB frames to limited-range BT.709 in a pixel format."""

    def __init__(self, pixel_format: str) -> None:
        self._pixel_format = pixel_format
        self._reformatter = VideoReformatter()

    def convert(self, rgb: Frame) -> Any:
        """Return one frame for the encoder."""
        return self._reformatter.reformat(
            av.VideoFrame.from_ndarray(rgb, format="rgb24"),
            format=self._pixel_format,
            src_color_range=ColorRange.JPEG,
            dst_colorspace=Colorspace.ITU709,
            dst_color_range=ColorRange.MPEG,
            interpolation=_INTERPOLATION,
            threads=1,
        )


class ToBt709WithAlpha:
    """Converts full-range RGBA frames to limited-range BT.709 with a plane of alpha; the colours stay straight, whatever the alpha.

    The alpha does not pass through swscale, which makes 255 of 254. With 10 bits it is ``round(alpha * 1023 / 255)``.
    """

    def __init__(self, pixel_format: str) -> None:
        self._colours = ToBt709(pixel_format)
        self._deep = pixel_format.endswith("10le")

    def convert(self, rgba: Frame) -> Any:
        """Return one frame for the encoder; ``rgba`` is uint8 (height, width, 4)."""
        frame = self._colours.convert(np.ascontiguousarray(rgba[..., :3]))
        height, width = rgba.shape[:2]
        alpha = rgba[..., 3]
        rows = np.frombuffer(frame.planes[3], np.dtype("<u2") if self._deep else np.uint8).reshape(height, -1)
        rows[:, :width] = (alpha.astype(np.uint32) * 1023 + 127) // 255 if self._deep else alpha
        return frame


def tag_bt709(codec_context: Any) -> None:
    """Say in the stream what the conversion did; tags without the conversion would only shift the colours."""
    codec_context.color_primaries = ColorPrimaries.BT709
    codec_context.color_trc = ColorTrc.BT709
    codec_context.colorspace = Colorspace.ITU709
    codec_context.color_range = ColorRange.MPEG
