"""Stopping a job anywhere leaves the warm pipeline as a fresh one."""

from __future__ import annotations

import numpy as np
import pytest

from pipelines.families import wan_vae
from reelfleet.contract.errors import Aborted
from reelfleet.contract.job import Phase
from tests.fixtures.observer import RecordingObserver

TINY = ("tiny-wan", "tiny-wan22", "tiny-wan-i2v", "tiny-ltx", "tiny-ltx2", "tiny-flux")


def _abort_at(phase: Phase, step: int) -> RecordingObserver:
    def abort(seen: Phase, number: int) -> None:
        if (seen, number) == (phase, step):
            raise Aborted("enough")

    return RecordingObserver(on_advance=abort)


@pytest.mark.parametrize("model", TINY)
def test_job_after_one_aborted_in_the_middle_is_that_of_a_fresh_pipeline(make_studio, studio, model):
    # Given
    worker = make_studio()
    observer = _abort_at(Phase.DENOISE, 2)
    with pytest.raises(Aborted):
        worker.generate(model, size="32x32", seed=99, steps=5, observer=observer)

    # When
    after = worker.generate(model)

    # Then
    assert observer.steps == [(Phase.DENOISE, 1, 5), (Phase.DENOISE, 2, 5)]
    assert after.report.timings["load_s"] == 0
    assert np.array_equal(after.frames, studio.default_clip(model).frames)


@pytest.mark.parametrize("phase", [Phase.LOAD, Phase.ENCODE, Phase.DENOISE, Phase.DECODE])
def test_job_may_be_stopped_as_a_phase_begins(make_studio, studio, phase):
    # Given
    worker = make_studio()

    class Stopping(RecordingObserver):
        def phase(self, entered: Phase, of: int = 0) -> None:
            super().phase(entered, of)
            if entered is phase:
                raise Aborted("enough")

    with pytest.raises(Aborted):
        worker.generate("tiny-wan", observer=Stopping())

    # When
    after = worker.generate("tiny-wan")

    # Then
    assert np.array_equal(after.frames, studio.default_clip("tiny-wan").frames)


def test_job_after_one_aborted_between_frames_is_that_of_a_fresh_pipeline(make_studio, studio):
    # Given
    worker = make_studio()
    with pytest.raises(Aborted):
        worker.generate("tiny-wan", seed=99, observer=_abort_at(Phase.DECODE, 3))

    # When
    after = worker.generate("tiny-wan")

    # Then
    assert np.array_equal(after.frames, studio.default_clip("tiny-wan").frames)


def test_abort_between_frames_stops_the_decoder_there(studio, monkeypatch):
    # Given
    decoded = []
    decode_one = wan_vae._decode_one
    monkeypatch.setattr(wan_vae, "_decode_one", lambda *args, **kwargs: decoded.append(1) or decode_one(*args, **kwargs))

    # When
    with pytest.raises(Aborted):
        studio.generate("tiny-wan", observer=_abort_at(Phase.DECODE, 1))

    # Then: one latent frame of three
    assert len(decoded) == 1


def test_offloading_hooks_are_freed_after_an_abort(make_studio, monkeypatch):
    # Given
    worker = make_studio()
    worker.engine.warm("tiny-wan")
    pipeline = worker.engine._models.get("tiny-wan").pipeline
    freed = []
    monkeypatch.setattr(pipeline, "maybe_free_model_hooks", lambda: freed.append("freed"))

    # When
    with pytest.raises(Aborted):
        worker.generate("tiny-wan", observer=_abort_at(Phase.DENOISE, 1))

    # Then
    assert freed == ["freed"]


def test_what_is_left_in_a_scheduler_is_not_seen_by_the_next_job(make_studio, studio):
    # Given
    worker = make_studio()
    worker.engine.warm("tiny-wan")
    worker.engine._models.get("tiny-wan").pipeline.scheduler.register_to_config(flow_shift=9.0)

    # When
    after = worker.generate("tiny-wan")

    # Then
    assert np.array_equal(after.frames, studio.default_clip("tiny-wan").frames)
