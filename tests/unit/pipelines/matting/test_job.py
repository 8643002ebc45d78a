"""A matting goes through its plan, can be stopped after any group of frames, and goes on to the same bits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from persistence.alphas.reader import AlphaReader
from persistence.alphas.writer import AlphaWriter
from persistence.source.probe import probe_source
from pipelines.checkpoint import CheckpointRefused
from pipelines.matting.checkpoint import BEGINNING, load_start, segments_of
from pipelines.matting.job import MattingJob, run_matting
from pipelines.matting.media import ClipMedia
from reelfleet.contract.errors import InputUnreadable, Numerical
from reelfleet.contract.job import Phase
from tests.fixtures.observer import RecordingObserver
from tests.integration.clips import disc_mask, write_clip
from tests.unit.pipelines.matting.backends import AveragingModel
from tests.unit.pipelines.matting.specs import made_input, matting_spec

SIZE, FRAMES = (16, 12), 10
FINGERPRINT = {"request": "this one"}


class Stopped(Exception):
    """The test stops the matting here."""


class StoppingObserver(RecordingObserver):
    """Keeps a checkpoint after a number of frames, and stops there."""

    def __init__(self, after: int, path: Path) -> None:
        super().__init__()
        self.after, self.path = after, path

    def advance(self, step, of, take=None):
        super().advance(step, of, take)
        if step >= self.after:
            take().save(self.path)
            raise Stopped


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", size=SIZE, frames=FRAMES, fps=8)


@pytest.fixture
def mask(tmp_path) -> Path:
    disc_mask(SIZE).save(tmp_path / "mask.png")
    return tmp_path / "mask.png"


@pytest.fixture
def matting(clip, mask, tmp_path):
    """Run a matting, from its beginning or from a checkpoint; give the alphas by frame, and what was heard of it."""
    facts = probe_source(clip, max_pixels=10**6)
    made: list[AlphaWriter] = []

    def run(observer=None, *, masks=(("subject", 4),), model=None, resume: Path | None = None, **changes):
        inputs = {f"masks.{index}": made_input("mask") for index in range(len(masks))}
        spec = matting_spec(frames=FRAMES, masks=masks, size=SIZE, source=facts, inputs={"source": made_input("clip"), **inputs}, **changes)
        writer = AlphaWriter(tmp_path / "segments", prefix=len(made) + 1)
        made.append(writer)
        media = ClipMedia(spec, {"source": clip, **dict.fromkeys(inputs, mask)})
        observer = observer or RecordingObserver()
        observer.phase(Phase.MATTE, FRAMES)
        job = MattingJob(spec, model or AveragingModel(), media, writer, observer, FINGERPRINT)
        start = BEGINNING if resume is None else load_start(resume, FRAMES, FINGERPRINT)
        writer.go_on_with(start.segments)
        run_matting(job, start)
        folder = tmp_path / f"attempt{len(made)}"
        writer.finish(folder, targets=spec.targets, size=SIZE, start=spec.start_frame, count=spec.frames)
        with AlphaReader(folder, tmp_path / "segments") as reader:
            return {
                (target, number): reader.alpha(target, number)
                for target in spec.targets
                for number in range(spec.start_frame, spec.end_frame)
            }

    yield run
    for writer in made:
        writer.release()


def equal(first: dict, second: dict) -> bool:
    return first.keys() == second.keys() and all(np.array_equal(first[key], second[key]) for key in first)


def test_every_frame_gets_an_alpha_and_is_told(matting):
    observer = RecordingObserver()

    alphas = matting(observer)

    assert len(alphas) == FRAMES
    assert observer.steps_of(Phase.MATTE) == [(step, FRAMES) for step in range(1, FRAMES + 1)]


def test_the_frame_of_a_mask_gets_the_masks_own_alpha(matting, mask):
    alphas = matting()

    assert alphas["subject", 4].max() == 255
    assert not np.array_equal(alphas["subject", 3], alphas["subject", 5])


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("after", [1, 2, 6, 7, 9, 10])
def test_a_stopped_matting_goes_on_to_the_same_bits(matting, tmp_path, batch, after):
    # Given what comes out undisturbed, and a matting that was stopped behind a checkpoint
    expected = matting(model=AveragingModel(batch))
    with pytest.raises(Stopped):
        matting(StoppingObserver(after, tmp_path / "state"), model=AveragingModel(batch))

    # When another process goes on
    resumed = matting(model=AveragingModel(batch), resume=tmp_path / "state")

    assert equal(resumed, expected)


def test_nothing_behind_the_checkpoint_is_computed_again(matting, tmp_path):
    # Given a checkpoint in the middle of the run backward, which has four frames
    with pytest.raises(Stopped):
        matting(StoppingObserver(8, tmp_path / "state"))
    model = AveragingModel()

    matting(model=model, resume=tmp_path / "state")

    assert (model.begun, sum(model.groups)) == ([], 2)


def test_targets_of_one_frame_run_together(matting):
    model = AveragingModel()

    alphas = matting(model=model, masks=(("dog", 0), ("cat", 0)))

    assert model.begun == [2]
    assert len(alphas) == 2 * FRAMES


def test_frames_come_in_groups_of_the_models_size(matting):
    model = AveragingModel(batch=4)

    matting(model=model, masks=(("subject", 0),))

    assert model.groups == [4, 4, 1]


def test_a_checkpoint_names_the_segments_that_it_needs(matting, tmp_path):
    with pytest.raises(Stopped):
        matting(StoppingObserver(3, tmp_path / "state"))

    (segment,) = segments_of(tmp_path / "state")

    assert segment.alphas == 3


def test_a_checkpoint_of_another_matting_is_refused(matting, tmp_path):
    with pytest.raises(Stopped):
        matting(StoppingObserver(3, tmp_path / "state"))

    with pytest.raises(CheckpointRefused, match="request was this one and is another"):
        load_start(tmp_path / "state", FRAMES, {"request": "another"})


def test_a_state_of_another_model_is_refused(matting, tmp_path, monkeypatch):
    # Given a checkpoint whose state has other names
    monkeypatch.setattr("tests.unit.pipelines.matting.backends.AveragingRun.state", lambda _: {})
    with pytest.raises(Stopped):
        matting(StoppingObserver(3, tmp_path / "state"))

    with pytest.raises(CheckpointRefused, match="holds another state"):
        matting(resume=tmp_path / "state")


def test_an_alpha_that_is_no_number_names_its_frame(matting):
    with pytest.raises(Numerical, match="NaN or infinity in the alpha of frame 5") as caught:
        matting(model=AveragingModel(gain=float("nan")))

    assert caught.value.details["where"] == "frame 5"


def test_a_source_that_ends_early_tells_how_far_it_went(matting):
    # Given a spec that counts more frames than the source has
    with pytest.raises(InputUnreadable, match=f"ended after {FRAMES - 4} of {FRAMES - 2} frames"):
        matting(end=FRAMES + 2)


def test_a_checkpoint_between_two_runs_holds_no_state(matting, tmp_path):
    # Given a run forward from frame 4, which six frames get their alphas from
    with pytest.raises(Stopped):
        matting(StoppingObserver(6, tmp_path / "state"))

    assert load_start(tmp_path / "state", FRAMES, FINGERPRINT).state == {}


def test_a_state_that_is_refused_is_not_told_to_be_gone_on_from(matting, tmp_path, monkeypatch):
    monkeypatch.setattr("tests.unit.pipelines.matting.backends.AveragingRun.state", lambda _: {})
    with pytest.raises(Stopped):
        matting(StoppingObserver(3, tmp_path / "state"))
    observer = RecordingObserver()

    with pytest.raises(CheckpointRefused):
        matting(observer, resume=tmp_path / "state")

    assert observer.notes == []
