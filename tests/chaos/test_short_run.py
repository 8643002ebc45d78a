"""A short run of the chaos suite; ``make chaos`` is the long run."""

from __future__ import annotations

import os
import sys

import pytest

from tests.chaos.driver import Driver
from tests.chaos.options import Options

SEEDS = (7,)
"""Others through ``CHAOS_SEEDS``, separated by commas."""


@pytest.mark.timeout(600)
@pytest.mark.xdist_group("chaos")
@pytest.mark.parametrize("seed", [int(seed) for seed in os.environ.get("CHAOS_SEEDS", "").split(",") if seed] or SEEDS)
def test_no_job_is_lost_doubled_or_different_and_nothing_is_left(seed, tmp_path, model_cache, monkeypatch):
    # Given a fleet on two hosts and what its jobs give when nothing is broken
    for name in ("AWS_ENDPOINT_URL_S3", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"):
        monkeypatch.setenv(name, "")  # the driver sets them; this puts back what was there
    options = Options(
        seed=seed, jobs=10, seeds=1, weather_s=30, window=12, fault_every_s=0.7, folder=tmp_path / "run", cache_dir=model_cache
    )

    # When processes, servers, wires, disks, tickets and clients do their worst
    report = Driver(options, lambda line: sys.stdout.write(line + "\n")).run()

    # Then every job that was not aborted is delivered once, with the same pixels, and the field is clean
    assert report.passed, report.text()
