"""The alphas are those of the reference implementation.

`alphas-every-third-pixel.npy` was computed by this implementation when it agreed with the reference to 3e-6 on every pixel of all 32 alphas. The
reference's own answers are not shipped; who has them names the file in MATANYONE_GOLDEN and runs the second test.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

KEPT = Path(__file__).with_name("alphas-every-third-pixel.npy")
GOLDEN = os.environ.get("MATANYONE_GOLDEN")


def test_alphas_of_32_frames_stay_within_parity_of_those_kept(long_clip_alphas: np.ndarray):
    # Given the clip is long enough for the memory to fill and the oldest frame to leave it
    kept = np.load(KEPT)

    # When every third pixel is compared
    error = np.abs(long_clip_alphas[:, ::3, ::3] - kept).max()

    # Then with the 3e-6 at which they were kept, the reference is within 1e-5
    assert error <= 7e-6


@pytest.mark.skipif(GOLDEN is None, reason="MATANYONE_GOLDEN names no file with the reference's answers, which are not shipped")
def test_every_alpha_is_within_1e5_of_the_reference(long_clip_alphas: np.ndarray):
    golden = np.load(str(GOLDEN))["alphas"]

    error = np.abs(long_clip_alphas - golden).max()

    assert error <= 1e-5
