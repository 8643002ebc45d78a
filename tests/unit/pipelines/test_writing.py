"""From a family's output to the spool."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from persistence.spool import SpoolWriter
from pipelines.families import wan_vae
from pipelines.families.frames import to_frames
from pipelines.stages import Stages
from pipelines.writing import write_output
from reelfleet.contract.errors import DiskFull, InvalidConfig
from reelfleet.contract.job import Phase
from tests.fixtures.observer import RecordingObserver


def _frames(count: int, height: int):
    yield from (np.zeros((height, 64, 3), np.uint8) for _ in range(count))


@pytest.mark.parametrize(("count", "height"), [(8, 64), (9, 48)])
def test_pipeline_that_makes_something_else_is_a_config_error(studio, tmp_path, count, height):
    # Given
    stages = Stages(RecordingObserver(), "tiny-wan", torch.device("cpu"))
    stages.enter(Phase.DECODE, 9)

    # When / Then
    with pytest.raises(InvalidConfig, match=r"correct the limits in tiny-wan\.toml"):
        write_output(_frames(count, height), studio.spec("tiny-wan"), SpoolWriter(tmp_path / "spool"), stages)


def test_frames_are_written_while_the_vae_goes_on(studio, monkeypatch, tmp_path):
    # Given
    order = []
    decode_one = wan_vae._decode_one
    monkeypatch.setattr(wan_vae, "_decode_one", lambda *args, **kwargs: order.append("decode") or decode_one(*args, **kwargs))

    class Noting(SpoolWriter):
        def write_frame(self, rgb: np.ndarray) -> None:
            order.append("write")
            super().write_frame(rgb)

    # When
    studio.engine.generate(studio.spec("tiny-wan"), {}, Noting(tmp_path / "spool"), RecordingObserver())

    # Then
    assert order == ["decode", "write", "decode", *["write"] * 4, "decode", *["write"] * 4]


def test_full_disk_ends_the_job_as_that(studio, tmp_path):
    # Given
    class Full(SpoolWriter):
        def write_frame(self, _: np.ndarray) -> None:
            raise DiskFull("no space left on the spool's disk")

    # When / Then
    with pytest.raises(DiskFull):
        studio.engine.generate(studio.spec("tiny-wan"), {}, Full(tmp_path / "spool"), RecordingObserver())


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_pixels_are_clipped_and_rounded(dtype):
    # Given: one row of black, grey, white, and what lies outside
    pixels = torch.tensor([-1.0, 0.0, 1.0, -3.0, 3.0], dtype=dtype).expand(3, 1, 1, 5)

    # When
    (frame,) = to_frames(pixels, "some-model")

    # Then
    assert frame[0, :, 0].tolist() == [0, 128, 255, 0, 255]
    assert (frame.shape, frame.dtype, frame.flags["C_CONTIGUOUS"]) == ((1, 5, 3), np.uint8, True)
