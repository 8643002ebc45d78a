"""Colours arrive as they were meant: by the stream's matrix and range, in 8 bits, HDR as SDR."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest
from av.video.reformatter import ColorRange, Colorspace, ColorTrc, VideoReformatter

from persistence.source.colour import REFERENCE_WHITE, ToRgb, compress, hlg_light, pq_light

UNSPECIFIED = 2
"""AVCOL_SPC_UNSPECIFIED, which PyAV has no name for."""
COLOURS = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0), (90, 140, 200)]


def coded(rgb: tuple[int, int, int], matrix: Colorspace, color_range: ColorRange, pixel_format: str, *, lines: int = 16) -> av.VideoFrame:
    """A frame of one colour as an encoder would get it, with what it is coded by told."""
    flat = av.VideoFrame.from_ndarray(np.full((lines, 32, 3), rgb, np.uint8), format="rgb24")
    frame = VideoReformatter().reformat(
        flat, format=pixel_format, src_color_range=ColorRange.JPEG, dst_colorspace=matrix, dst_color_range=color_range
    )
    frame.colorspace, frame.color_range = matrix, color_range
    return frame


@pytest.mark.parametrize("rgb", COLOURS)
@pytest.mark.parametrize("pixel_format", ["yuv444p", "yuv420p10le"])
@pytest.mark.parametrize("matrix", [Colorspace.ITU601, Colorspace.ITU709])
@pytest.mark.parametrize("color_range", [ColorRange.MPEG, ColorRange.JPEG])
def test_a_colour_comes_back_whatever_it_is_coded_by(rgb, pixel_format, matrix, color_range):
    frame = coded(rgb, matrix, color_range, pixel_format)

    seen = ToRgb(32, 16).convert(frame)

    assert np.abs(seen.astype(int) - np.array(rgb)).max() <= 3


@pytest.mark.parametrize(("lines", "matrix"), [(480, Colorspace.ITU601), (720, Colorspace.ITU709)])
def test_a_stream_that_tells_no_matrix_has_the_one_of_its_size(lines, matrix):
    frame = coded((200, 40, 90), matrix, ColorRange.MPEG, "yuv444p", lines=lines)
    frame.colorspace = UNSPECIFIED

    seen = ToRgb(32, lines).convert(frame)

    assert np.abs(seen.astype(int) - np.array((200, 40, 90))).max() <= 3


def test_pq_gives_the_light_of_its_standard():
    # Given the signals that SMPTE ST 2084 has for 0, 100, 1000 and 10 000 cd/m²
    signals = np.array([0.0, 0.5081, 0.7518, 1.0], np.float32)

    assert pq_light(signals) == pytest.approx([0, 100, 1000, 10_000], rel=3e-3, abs=1e-3)


def test_hlg_gives_reference_white_at_three_quarters():
    # Given grey at 75 %, which ITU-R BT.2408 has for 203 cd/m² on a display of 1000
    light = hlg_light(np.full((1, 3), 0.75, np.float32))

    assert light[0] == pytest.approx([203] * 3, rel=0.01)


def test_light_up_to_the_knee_is_kept_and_the_peak_becomes_white():
    light = np.array([[0.0] * 3, [0.5] * 3, [0.74] * 3, [1000 / REFERENCE_WHITE] * 3], np.float32)

    assert compress(light)[:, 0] == pytest.approx([0, 0.5, 0.74, 1], abs=1e-4)


def test_brighter_light_is_never_darker_after_it_was_compressed():
    light = np.repeat(np.linspace(0, 10, 200, dtype=np.float32)[:, None], 3, axis=1)

    assert (np.diff(compress(light)[:, 0]) >= -1e-6).all()


def test_an_hdr_picture_arrives_in_8_bits_with_its_middle_in_the_middle():
    # Given grey of 40 cd/m² in PQ, in 10 bits
    signal = 0.417
    luma = round(64 + signal * 876)
    planes = np.full((24, 16), 512, np.uint16)
    planes[:16] = luma
    frame = av.VideoFrame.from_ndarray(planes, format="yuv420p10le")
    frame.color_trc, frame.color_range, frame.time_base = ColorTrc.SMPTE2084, ColorRange.MPEG, Fraction(1, 10)
    frame.colorspace = 9

    seen = ToRgb(16, 16).convert(frame)

    # Then it is as bright as (40 / 203) ** (1 / 2.4) of white
    expected = 255 * (pq_light(np.float32(signal)) / REFERENCE_WHITE) ** (1 / 2.4)
    assert seen.dtype == np.uint8
    assert np.abs(seen.astype(float) - float(expected)).max() <= 2
