"""What is shown where the target is, and where it is not.

All of it is 8-bit arithmetic on display-referred RGB, as it was decoded; nothing is made linear first, which is how viewers and editors
lay straight alpha over a picture. With I the colour of a pixel and a its alpha, 0 to 255:

============== =====================================================================
``foreground`` ``round(I * a / 255)``, the selection over black
``greenscreen`` ``round((I * a + G * (255 - a)) / 255)`` with G = (120, 255, 155)
``alpha``      RGB = I untouched (straight, not premultiplied), A = a
============== =====================================================================

a is the target's alpha when the foreground is selected, and 255 less that alpha when the background is. Halves do not occur in a division
by 255, so there is one way to round.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from persistence.alphas.segment import Alpha
from persistence.spool import Frame
from reelfleet.contract.matte import OutputType

GREEN = (120, 255, 155)
"""The green that the reference's own tool lays behind a person."""
OPAQUE = 255
_HALF = OPAQUE // 2


def selected_alpha(alpha: Alpha, select: Literal["foreground", "background"]) -> Alpha:
    """Return how much of each pixel is kept: uint8 (height, width), 0 to 255."""
    return alpha if select == "foreground" else OPAQUE - alpha


def compose(rgb: Frame, alpha: Alpha, output_type: OutputType) -> Frame:
    """Return what is encoded.

    Args:
        rgb: uint8 (height, width, 3).
        alpha: uint8 (height, width), how much of each pixel is kept.
        output_type: as the module defines.

    Returns:
        uint8 (height, width, 3), or (height, width, 4) for ``alpha``.
    """
    kept = alpha[..., None]
    if output_type == "alpha":
        return np.concatenate((rgb, kept), axis=-1)
    # At most 255 * 255 + 127, which 16 bits hold.
    light = rgb.astype(np.uint16) * kept + np.uint16(_HALF)
    if output_type == "greenscreen":
        light += np.array(GREEN, np.uint16) * (OPAQUE - kept)
    return (light // np.uint16(OPAQUE)).astype(np.uint8)


def grey(alpha: Alpha) -> Frame:
    """Return an alpha as a picture with R = G = B = alpha: uint8 (height, width, 3)."""
    return np.repeat(alpha[..., None], 3, axis=-1)
