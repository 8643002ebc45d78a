"""Interrupts generations between two steps: what a worker that gives its job back leaves behind."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reelfleet.contract.errors import Aborted
from reelfleet.contract.job import Phase
from tests.fixtures.observer import RecordingObserver
from tests.unit.pipelines.conftest import Clip, Studio

STEPS = 6
CUTS = {"first": 1, "middle": 3, "second to last": 5, "last": 6}
"""The steps after which runs of six steps are interrupted."""


def interrupt(studio: Studio, model: str, step: int, path: Path, **request: Any) -> Path:
    """Generate until a step is done, keep its snapshot in a file, and stop; return the file."""

    def stop(phase: Phase, number: int) -> None:
        if phase is Phase.DENOISE and number == step:
            raise Aborted("interrupted")

    observer = RecordingObserver(on_advance=stop, snapshot_at=step)
    with pytest.raises(Aborted):
        studio.generate(model, observer=observer, **request)
    assert observer.snapshot is not None
    observer.snapshot.save(path)
    return path


def require_same(one: Clip, other: Clip) -> None:
    """Check frames and sound bit by bit; neither is empty or flat."""
    assert other.frames.std() > 1
    assert np.array_equal(one.frames, other.frames)
    assert (one.audio is None) == (other.audio is None)
    if one.audio is not None and other.audio is not None:
        assert other.audio[0].std() > 0.01
        assert np.array_equal(one.audio[0], other.audio[0])


def with_scheduler(source: Path, target: Path, scheduler: Any) -> Path:
    """Copy a pipeline's folder and give it another scheduler."""
    shutil.copytree(source, target)
    scheduler.save_pretrained(target / "scheduler")
    index = target / "model_index.json"
    index.write_text(json.dumps(json.loads(index.read_text()) | {"scheduler": ["diffusers", type(scheduler).__name__]}))
    return target
