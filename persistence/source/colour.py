"""From decoded pictures to 8-bit RGB for an SDR display (BT.709).

Matrix and range are those that the stream tells; where it tells none, BT.601 for fewer than 720 lines and BT.709 for more, and limited range, as
encoders and players have it. HDR is brought to SDR: the signal becomes light (SMPTE ST 2084 or ARIB STD-B67, ITU-R BT.2100), light above the reference white of
203 cd/m² (ITU-R BT.2408) is compressed, colours are brought from BT.2020's primaries to BT.709's, and light becomes a signal for a display of gamma 2.4 (BT.1886).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from av.video.reformatter import ColorRange, Colorspace, ColorTrc, Interpolation, VideoReformatter
from numpy.typing import NDArray

Frame = NDArray[np.uint8]
SD_LINES = 720
REFERENCE_WHITE = 203.0
"""cd/m² (ITU-R BT.2408)."""
PEAK = 1000.0 / REFERENCE_WHITE
"""The light that becomes white, in reference whites."""
KNEE = 0.75
"""Of reference white; what is darker keeps its light."""
DISPLAY_GAMMA = 2.4
HLG_GAMMA = 1.2
TO_BT709 = np.array([[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]])
"""Linear light, from BT.2020 (ITU-R BT.2087)."""
_INTERPOLATION = Interpolation.LANCZOS | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT | Interpolation.FULL_CHR_H_INP


class ToRgb:
    """Converts and scales frames of one stream."""

    def __init__(self, width: int, height: int) -> None:
        self._size = (width, height)
        self._reformatter = VideoReformatter()

    def convert(self, frame: Any) -> Frame:
        """Return uint8 (height, width, 3)."""
        hdr = frame.color_trc in {ColorTrc.SMPTE2084, ColorTrc.ARIB_STD_B67}
        is_rgb = frame.format.name.startswith(("rgb", "bgr", "gbr", "argb", "abgr", "gray"))
        made = self._reformatter.reformat(
            frame,
            width=self._size[0],
            height=self._size[1],
            format="rgb48le" if hdr else "rgb24",
            src_colorspace=None if is_rgb else _matrix(frame),
            src_color_range=ColorRange.JPEG if frame.color_range == ColorRange.JPEG or is_rgb else ColorRange.MPEG,
            dst_color_range=ColorRange.JPEG,
            interpolation=_INTERPOLATION,
            threads=1,
        )
        pixels: Any = made.to_ndarray()
        return _to_sdr(pixels, pq=frame.color_trc == ColorTrc.SMPTE2084) if hdr else np.ascontiguousarray(pixels)


def _matrix(frame: Any) -> Colorspace:
    """Return the matrix; 2020's is passed by its number, which PyAV has no name for."""
    if frame.colorspace not in {0, 2}:
        return frame.colorspace  # type: ignore[no-any-return]  # a member of the enumeration, or its number
    return Colorspace.ITU601 if frame.height < SD_LINES else Colorspace.ITU709


def _to_sdr(pixels: NDArray[np.uint16], *, pq: bool) -> Frame:
    signal = pixels.astype(np.float32) / np.float32(65535)
    light = (pq_light(signal) if pq else hlg_light(signal)) / REFERENCE_WHITE
    compressed = compress(light) @ TO_BT709.T.astype(np.float32)
    picture: Frame = np.rint(np.clip(compressed, 0, 1) ** (1 / DISPLAY_GAMMA) * 255).astype(np.uint8)
    return picture


def pq_light(signal: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return light in cd/m² of a PQ signal in [0, 1] (SMPTE ST 2084)."""
    m1, m2, c1, c2, c3 = 2610 / 16384, 2523 / 4096 * 128, 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
    power = np.clip(signal, 0, 1) ** (1 / m2)
    light: NDArray[np.float32] = 10_000 * (np.maximum(power - c1, 0) / (c2 - c3 * power)) ** (1 / m1)
    return light


def hlg_light(signal: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return light in cd/m² on a display of 1000 cd/m² of an HLG signal (..., 3) in [0, 1] (ARIB STD-B67, ITU-R BT.2100)."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12)  # noqa: PLR2004 - where the two parts of the curve meet
    luminance = scene @ np.array([0.2627, 0.6780, 0.0593], np.float32)
    light: NDArray[np.float32] = 1000 * np.maximum(luminance, 1e-6)[..., None] ** (HLG_GAMMA - 1) * scene
    return light.astype(np.float32)


def compress(light: NDArray[np.float32]) -> NDArray[np.float32]:
    """Bring light, in reference whites, into [0, 1]: kept up to the knee, and from there compressed so that the peak becomes white (Reinhard's curve)."""
    brightest = light.max(axis=-1, keepdims=True)
    above = np.maximum(brightest - KNEE, 0) / (1 - KNEE)
    span = (PEAK - KNEE) / (1 - KNEE)
    bent = above * (1 + above / span**2) / (1 + above)
    wanted = np.where(brightest > KNEE, KNEE + (1 - KNEE) * np.minimum(bent, 1), brightest)
    dimmed: NDArray[np.float32] = light * (wanted / np.maximum(brightest, 1e-6))
    return dimmed
