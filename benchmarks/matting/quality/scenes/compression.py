"""What an encoder leaves of a picture."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace

from benchmarks.matting.quality.scenes.bodies import hole
from benchmarks.matting.quality.scenes.form import Frame, Shot
from persistence.writers.color import ToBt709

CRF = 40
"""Of x264, of 51: blocks and smeared colours are plain to see."""
SAME_BITS = "mbtree=0"
"""With macroblock trees and assembly, x264 gives other bits for the same small pictures from one time to the next; measured."""
RATE = 24
PIXELS = "yuv420p"


def compression(frames: int) -> Iterator[Shot]:
    """Yield the ring as it comes out of H.264 with half the colour resolution and few bits; the alpha stays what it was."""
    shots = list(hole(frames))
    for decoded, shot in zip(_through_h264([shot.frame for shot in shots]), shots, strict=True):
        yield Shot(decoded, shot.alpha)


def _through_h264(pictures: list[Frame]) -> Iterator[Frame]:
    """Yield what is left of pictures after an encoder and a decoder; nothing else touches the stream between the two."""
    height, width = pictures[0].shape[:2]
    encoder: Any = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, PIXELS
    encoder.time_base, encoder.framerate, encoder.thread_count = Fraction(1, RATE), Fraction(RATE), 1
    encoder.options = {"crf": str(CRF), "preset": "medium", "x264-params": SAME_BITS}
    decoder: Any = av.CodecContext.create("h264", "r")
    convert = ToBt709(PIXELS).convert
    for index, picture in enumerate([*pictures, None]):
        given = None
        if picture is not None:
            given = convert(picture)
            given.pts = index
        for packet in encoder.encode(given):
            yield from map(_rgb, decoder.decode(packet))
    yield from map(_rgb, decoder.decode(None))


def _rgb(frame: Any) -> Frame:
    rgb: Frame = frame.reformat(
        format="rgb24", src_colorspace=Colorspace.ITU709, src_color_range=ColorRange.MPEG, dst_color_range=ColorRange.JPEG
    ).to_ndarray()
    return np.ascontiguousarray(rgb)
