"""The engine mattes with real weights of the network (random ones), keeps them warm, and starts over when a checkpoint is of no use."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.catalogue import load_catalogue
from config.settings import load_settings
from persistence.alphas.reader import AlphaReader
from persistence.alphas.writer import AlphaWriter
from persistence.source.probe import probe_source
from pipelines.device import detect_device
from pipelines.engine import Engine
from reelfleet.contract.errors import ModelLoadFailed, OutOfMemory, UnknownModel
from reelfleet.contract.job import Phase
from reelfleet.contract.matte import Point
from tests.fixtures.observer import RecordingObserver
from tests.integration.clips import disc_mask, write_clip
from tests.unit.pipelines.matting.specs import made_input, matting_spec

SIZE, FRAMES = (32, 32), 3


@pytest.fixture(scope="module")
def engine(model_cache) -> Engine:
    return Engine(load_settings(cache_dir=model_cache, torch_threads=1), load_catalogue(), detect_device("cpu"))


@pytest.fixture
def inputs(tmp_path) -> dict[str, Path]:
    disc_mask(SIZE).save(tmp_path / "mask.png")
    return {"source": write_clip(tmp_path / "clip.mp4", size=SIZE, frames=FRAMES, fps=8), "masks.0": tmp_path / "mask.png"}


@pytest.fixture
def spec(inputs):
    facts = probe_source(inputs["source"], max_pixels=10**6)
    return matting_spec(frames=FRAMES, size=SIZE, source=facts, inputs={name: made_input(name) for name in inputs})


@pytest.fixture
def alphas(tmp_path):
    writer = AlphaWriter(tmp_path / "segments", prefix=1)
    yield writer
    writer.release()


def test_a_clip_is_matted_and_the_report_says_by_what(engine, spec, inputs, alphas, tmp_path):
    observer = RecordingObserver(wants_previews=True)

    report = engine.matte(spec, inputs, alphas, observer)

    alphas.finish(tmp_path / "attempt", targets=spec.targets, size=SIZE, start=0, count=FRAMES)
    with AlphaReader(tmp_path / "attempt", tmp_path / "segments") as reader:
        assert reader.alpha("subject", FRAMES - 1).shape == SIZE[::-1]
    assert [phase for phase, _ in observer.phases] == [Phase.LOAD, Phase.MATTE]
    assert observer.previews[0][1] == "image/webp"
    assert report.pipeline["class"] == "MatAnyoneModel"
    assert set(report.timings) == {"load_s", "matte_s"}
    assert len(report.weights_sha256) == 1


def test_weights_stay_warm_for_the_next_matting(engine, spec, inputs, alphas):
    engine.matte(spec, inputs, alphas, RecordingObserver())

    report = engine.matte(spec, inputs, alphas, RecordingObserver())

    assert report.timings["load_s"] == 0
    assert "tiny-matanyone" in engine.warm_models


def test_a_warm_network_counts_with_all_of_its_weights(engine, spec, inputs, alphas):
    engine.matte(spec, inputs, alphas, RecordingObserver())

    assert engine._models.get("tiny-matanyone").bytes == pytest.approx(141e6, rel=0.01)


def test_a_checkpoint_that_is_none_is_refused_and_the_matting_starts_over(engine, spec, inputs, alphas, tmp_path):
    (tmp_path / "state").write_bytes(b"no checkpoint")
    observer = RecordingObserver()

    engine.matte(spec, inputs, alphas, observer, resume=tmp_path / "state")

    assert any("refused" in note and "starts over" in note for note in observer.notes)
    assert observer.steps_of(Phase.MATTE) == [(step, FRAMES) for step in range(1, FRAMES + 1)]


def test_running_out_of_memory_frees_what_is_warm_and_tries_again(engine, spec, inputs, alphas, monkeypatch):
    # Given memory that runs out once
    from pipelines.matting import engine as matting  # noqa: PLC0415 - patched here alone

    run, left = matting.run_matting, [OutOfMemory("no memory", details={"memory": "device"})]
    monkeypatch.setattr(matting, "run_matting", lambda *args: (_ for _ in ()).throw(left.pop()) if left else run(*args))

    report = engine.matte(spec, inputs, alphas, RecordingObserver())

    assert [rung.value for rung in report.degraded] == ["memory_freed"]


def test_masks_are_made_of_the_frame_as_it_is_viewed(engine, spec, inputs):
    # Given a mask that is to be made of a click
    mask = spec.masks[0].model_copy(update={"input": None, "points": (Point(x=10, y=16),)})
    draft = spec.model_copy(update={"masks": (mask,), "mask_model": "tiny-sam2"})
    observer = RecordingObserver()

    made = engine.make_masks(draft, inputs, observer)

    assert made[0].shape == SIZE[::-1]
    assert observer.steps_of(Phase.MASK) == [(1, 1)]


def test_a_model_that_generates_does_not_matte(engine, spec, inputs, alphas):
    with pytest.raises(UnknownModel, match="tiny-wan generates"):
        engine.matte(spec.model_copy(update={"model": "tiny-wan"}), inputs, alphas, RecordingObserver())


def test_a_download_that_fails_is_a_load_failure(model_cache, spec, inputs, alphas, monkeypatch):
    # Given a fleet that may download, and no way out
    def download(repo: str, **options: object) -> str:
        raise OSError("no route to host")

    monkeypatch.setattr("pipelines.matting.weights.snapshot_download", download)
    monkeypatch.setattr("pipelines.matting.weights.found_weights", lambda _: None)
    engine = Engine(load_settings(cache_dir=model_cache, allow_download=True), load_catalogue(), detect_device("cpu"))

    with pytest.raises(ModelLoadFailed, match="no route to host"):
        engine.matte(spec.model_copy(update={"model": "vitmatte"}), inputs, alphas, RecordingObserver())


def test_two_masks_of_one_frame_decode_it_once(engine, spec, inputs, monkeypatch):
    # Given clicks on two targets of the same frame
    from pipelines.matting import engine as matting  # noqa: PLC0415 - patched here alone

    read_one, read = matting.read_one, []
    monkeypatch.setattr(matting, "read_one", lambda *args: read.append(args[2]) or read_one(*args))
    clicks = [spec.masks[0].model_copy(update={"target": name, "input": None, "points": (Point(x=10, y=16),)}) for name in ("one", "two")]

    engine.make_masks(spec.model_copy(update={"masks": tuple(clicks), "mask_model": "tiny-sam2"}), inputs, RecordingObserver())

    assert read == [0]
