from __future__ import annotations

import numpy as np
import pytest

from persistence.writers.color import ToBt709
from tests.unit.persistence.builders import clip

BT709_LUMA = np.array([0.2126, 0.7152, 0.0722])
TEN_BIT_BLACK, TEN_BIT_RANGE = 64, 876


@pytest.mark.parametrize(("width", "height"), [(40, 24), (848, 480), (1000, 400)])
def test_ten_bit_luma_is_what_bt709_says_at_every_pixel_every_time(width: int, height: int) -> None:
    (rgb,) = clip(width, height, 1)
    luma = TEN_BIT_BLACK + TEN_BIT_RANGE * (rgb / 255 @ BT709_LUMA)

    for _ in range(40):
        picture = ToBt709("yuv422p10le").convert(rgb)
        plane = np.frombuffer(picture.planes[0], "<u2").reshape(height, -1)[:, :width]

        assert np.abs(plane - luma).max() < 4
