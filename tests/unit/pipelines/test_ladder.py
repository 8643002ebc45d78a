"""Running out of memory costs speed before it costs the job."""

from __future__ import annotations

import weakref

import numpy as np
import pytest
import torch
from diffusers import WanTransformer3DModel

from pipelines import loading
from pipelines.device import detect_device
from pipelines.ladder import Ladder, Rung
from reelfleet.contract.errors import Aborted, DeviceLost, OutOfMemory
from reelfleet.contract.job import Phase
from tests.fixtures.observer import RecordingObserver
from tests.unit.pipelines.conftest import TINY
from tests.unit.pipelines.short_memory import MESSAGE, ShortMemory, lie_of, pretended_gpu

ALL = tuple(rung.value for rung in Rung)


@pytest.fixture
def gpu(make_studio, monkeypatch):
    """A studio whose device lets itself be offloaded from."""
    return make_studio(device=pretended_gpu(monkeypatch))


@pytest.fixture
def undisturbed(gpu, make_studio):
    """The same device, which never runs out of memory."""
    return make_studio(device=gpu.device)


def _pipeline(studio, model: str):
    return studio.engine._models.get(model).pipeline


def _short(monkeypatch, studio, model: str, component: str, enough: str | None = None, method: str = "forward") -> ShortMemory:
    """Let a component of a model need more memory than there is, until the pipeline lies so that it is enough."""
    studio.engine.warm(model)
    owner = _pipeline(studio, model)
    for name in component.split("."):
        owner = getattr(owner, name)
    return ShortMemory(monkeypatch, type(owner), method, lambda: _pipeline(studio, model), enough)


def _same(clip, other) -> bool:
    sounds = [None if one.audio is None else one.audio[0] for one in (clip, other)]
    return np.array_equal(clip.frames, other.frames) and (sounds[0] is sounds[1] or np.array_equal(*sounds))


@pytest.mark.parametrize("model", TINY)
def test_second_try_with_all_the_memory_gives_the_same_result(make_studio, studio, monkeypatch, model):
    # Given
    worker = make_studio()
    _short(monkeypatch, worker, model, "transformer")

    # When
    clip = worker.generate(model)

    # Then
    assert clip.report.degraded == ("memory_freed",)
    assert _same(clip, studio.default_clip(model))


def test_other_models_go_before_the_second_try(make_studio, monkeypatch):
    # Given
    worker = make_studio()
    worker.engine.warm("tiny-flux")
    _short(monkeypatch, worker, "tiny-wan", "transformer")

    # When
    worker.generate("tiny-wan")

    # Then
    assert worker.engine.warm_models == ("tiny-wan",)


@pytest.mark.parametrize(
    ("model", "rung"),
    [*((model, Rung.SEQUENTIAL_OFFLOAD) for model in TINY), ("tiny-wan22", Rung.MODEL_OFFLOAD), ("tiny-ltx2", Rung.MODEL_OFFLOAD)],
)
def test_offloading_gives_the_same_result(gpu, undisturbed, monkeypatch, model, rung):
    # Given
    expected = undisturbed.default_clip(model)
    _short(monkeypatch, gpu, model, "transformer", enough=rung.value)

    # When
    clip = gpu.generate(model)

    # Then
    assert clip.report.degraded[-1] is rung
    assert _same(clip, expected)


@pytest.mark.parametrize(("enough", "rungs"), [(rung, ALL[: position + 1]) for position, rung in enumerate(ALL) if position])
def test_decoding_climbs_one_rung_at_a_time(gpu, monkeypatch, enough, rungs):
    # Given
    short = _short(monkeypatch, gpu, "tiny-wan", "vae.decoder", enough=enough)

    # When
    report = gpu.generate("tiny-wan").report

    # Then
    assert report.degraded == rungs
    assert short.seen == ("as placed", "vae_tiling", "vae_tiling model_offload", "vae_tiling sequential_offload")[: len(rungs)]


def test_vae_does_not_tile_for_want_of_memory_elsewhere(gpu, monkeypatch):
    # Given
    _short(monkeypatch, gpu, "tiny-wan", "transformer", enough="model_offload")

    # When
    report = gpu.generate("tiny-wan").report

    # Then
    assert report.degraded == ("memory_freed", "model_offload")


def test_vae_tiles_when_it_is_the_start_image_that_does_not_fit(make_studio, monkeypatch):
    # Given: the place is within diffusers, from where the error tells that it is the VAE's
    worker = make_studio()
    _short(monkeypatch, worker, "tiny-wan-i2v", "vae", enough="vae_tiling", method="_encode")

    # When
    report = worker.generate("tiny-wan-i2v").report

    # Then
    assert report.degraded == ("memory_freed", "vae_tiling")


def test_tiles_are_used_and_named_where_the_picture_is_larger_than_one(make_studio, studio, monkeypatch):
    # Given
    worker = make_studio()
    _short(monkeypatch, worker, "tiny-flux", "vae.decoder", enough="vae_tiling")

    # When
    clip = worker.generate("tiny-flux")

    # Then
    assert clip.report.degraded == ("memory_freed", "vae_tiling")
    assert not np.array_equal(clip.frames, studio.default_clip("tiny-flux").frames)


def test_start_image_is_encoded_whole_when_only_decoding_runs_out(make_studio, monkeypatch):
    # Given
    worker, tiled = make_studio(), []
    worker.engine.warm("tiny-wan-i2v")
    vae = _pipeline(worker, "tiny-wan-i2v").vae
    encode = type(vae).encode
    monkeypatch.setattr(
        type(vae), "encode", lambda self, *given, **named: (tiled.append(self.use_tiling), encode(self, *given, **named))[1]
    )
    _short(monkeypatch, worker, "tiny-wan-i2v", "vae.decoder", enough="vae_tiling")

    # When
    worker.generate("tiny-wan-i2v")

    # Then: once in each of three tries
    assert tiled == [False] * 3


def test_next_job_does_not_tile(make_studio, studio, monkeypatch):
    # Given
    worker = make_studio()
    with monkeypatch.context() as patch:
        _short(patch, worker, "tiny-wan", "vae.decoder", enough="vae_tiling")
        worker.generate("tiny-wan")

    # When
    clip = worker.generate("tiny-wan")

    # Then
    assert (clip.report.degraded, lie_of(_pipeline(worker, "tiny-wan"))) == ((), "as placed")
    assert clip.report.timings["load_s"] == 0
    assert _same(clip, studio.default_clip("tiny-wan"))


@pytest.mark.parametrize("rung", ["model_offload", "sequential_offload"])
def test_next_job_is_not_offloaded(gpu, undisturbed, monkeypatch, rung):
    # Given
    expected = undisturbed.default_clip("tiny-wan")
    with monkeypatch.context() as patch:
        _short(patch, gpu, "tiny-wan", "transformer", enough=rung)
        gpu.generate("tiny-wan")

    # When
    clip = gpu.generate("tiny-wan")

    # Then
    assert (clip.report.degraded, lie_of(_pipeline(gpu, "tiny-wan"))) == ((), "as placed")
    assert _same(clip, expected)


def test_aborted_job_leaves_no_rung_to_the_next(gpu, monkeypatch):
    # Given
    def stop(phase: Phase, step: int) -> None:
        if step == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        _short(patch, gpu, "tiny-wan", "transformer", enough="model_offload")
        with pytest.raises(KeyboardInterrupt):
            gpu.generate("tiny-wan", observer=RecordingObserver(on_advance=stop))

    # When
    gpu.generate("tiny-wan", steps=1)

    # Then
    assert lie_of(_pipeline(gpu, "tiny-wan")) == "as placed"


def test_job_can_be_stopped_between_two_tries(make_studio, monkeypatch):
    # Given
    class Stopping(RecordingObserver):
        def phase(self, phase: Phase, of: int = 0) -> None:
            if phase is Phase.LOAD and self.steps:
                raise Aborted("enough")
            super().phase(phase, of)

    worker, observer = make_studio(), Stopping()
    short = _short(monkeypatch, worker, "tiny-wan", "vae.decoder", enough="nothing")

    # When
    with pytest.raises(Aborted):
        worker.generate("tiny-wan", observer=observer)

    # Then
    assert len(short.tries) == 1


def test_device_lost_while_a_rung_is_undone_is_told_as_that(gpu, monkeypatch):
    # Given
    def lose(*_: object) -> None:
        raise torch.AcceleratorError("CUDA error: unspecified launch failure")

    def lose_from_the_second_step_on(phase: Phase, step: int) -> None:
        if step == 2:
            monkeypatch.setattr("pipelines.model_cache.release_memory", lose)
            lose()

    _short(monkeypatch, gpu, "tiny-wan", "transformer", enough="model_offload")

    # When / Then
    with pytest.raises(DeviceLost):
        gpu.generate("tiny-wan", observer=RecordingObserver(on_advance=lose_from_the_second_step_on))


def test_frames_of_a_try_that_ran_out_are_not_delivered(make_studio, studio):
    # Given
    worker, frames = make_studio(), []

    def run_out_at_the_third_frame(phase: Phase, step: int) -> None:
        if phase is Phase.DECODE:
            frames.append(step)
            if len(frames) == 3:
                raise torch.OutOfMemoryError(MESSAGE)

    # When
    clip = worker.generate("tiny-wan", observer=RecordingObserver(on_advance=run_out_at_the_third_frame))

    # Then
    assert frames == [1, 2, 3, *range(1, len(clip.frames) + 1)]
    assert _same(clip, studio.default_clip("tiny-wan"))


@pytest.mark.parametrize(("model", "enough"), [("tiny-wan-i2v", "vae_tiling"), ("tiny-ltx2", None), ("tiny-flux", None)])
def test_decoding_that_ran_out_repeats_no_step(make_studio, studio, monkeypatch, model, enough):
    # Given: the clip of the one that tiles is smaller than a tile, so that its frames stay the same
    worker = make_studio()
    _short(monkeypatch, worker, model, "vae.decoder", enough=enough)

    # When
    clip = worker.generate(model)

    # Then
    steps = studio.default_clip(model).observer.steps_of(Phase.DENOISE)
    assert clip.observer.steps_of(Phase.DENOISE) == steps
    assert _same(clip, studio.default_clip(model))


@pytest.mark.parametrize(("model", "enough"), [("tiny-wan", "sequential_offload"), ("tiny-ltx2", "model_offload")])
def test_step_that_ran_out_goes_on_offloaded_from_the_last_snapshot(gpu, undisturbed, monkeypatch, model, enough):
    # Given: memory that is short from the third step on, and an observer that asked for a checkpoint of the first
    expected = undisturbed.default_clip(model)
    gpu.engine.warm(model)
    steps = []

    def run_out(phase: Phase, step: int) -> None:
        if phase is Phase.DENOISE:
            steps.append(step)
            if step > 1 and enough not in lie_of(_pipeline(gpu, model)):
                raise torch.OutOfMemoryError(MESSAGE)

    # When
    clip = gpu.generate(model, observer=RecordingObserver(on_advance=run_out, snapshot_at=1))

    # Then
    assert steps.count(1) == 1
    assert _same(clip, expected)


def test_what_was_given_up_is_told_while_it_happens_and_in_the_report(gpu, monkeypatch):
    # Given
    _short(monkeypatch, gpu, "tiny-wan", "transformer", enough="model_offload")

    # When
    clip = gpu.generate("tiny-wan")

    # Then
    assert tuple(note for note in clip.observer.notes if note.startswith("degraded")) == clip.report.notes
    assert [note.partition(":")[0] for note in clip.report.notes] == ["degraded (memory_freed)", "degraded (model_offload)"]


def test_job_that_never_fits_says_what_was_tried_and_what_may_help(gpu, monkeypatch):
    # Given
    _short(monkeypatch, gpu, "tiny-wan", "vae.decoder", enough="nothing")

    # When
    with pytest.raises(OutOfMemory, match=r"tried in vain: memory_freed, vae_tiling, .*more than 24\.0 GiB may do") as caught:
        gpu.generate("tiny-wan")

    # Then
    details = caught.value.details
    assert (details["rungs"], details["larger_device"], details["device_memory_bytes"]) == (list(ALL), True, 24 * 1024**3)
    assert details["doing"] == "decode"


def test_cpu_has_nothing_to_offload_from(make_studio, monkeypatch):
    # Given
    worker = make_studio()
    _short(monkeypatch, worker, "tiny-wan", "vae.decoder", enough="nothing")

    # When
    with pytest.raises(OutOfMemory) as caught:
        worker.generate("tiny-wan")

    # Then
    assert caught.value.details["rungs"] == ["memory_freed", "vae_tiling"]


def test_nothing_is_moved_to_a_host_that_is_full(gpu):
    # Given
    def run_out(phase: Phase, step: int) -> None:
        raise MemoryError

    # When
    with pytest.raises(OutOfMemory) as caught:
        gpu.generate("tiny-wan", observer=RecordingObserver(on_advance=run_out))

    # Then
    assert (caught.value.details["rungs"], caught.value.details["larger_device"]) == (["memory_freed"], False)


@pytest.mark.parametrize(("enough", "rungs"), [("model_offload", ALL[:1] + ALL[2:3]), ("sequential_offload", ALL[:1] + ALL[2:])])
def test_model_that_does_not_fit_is_loaded_offloaded_and_every_job_of_it_says_so(gpu, undisturbed, monkeypatch, enough, rungs):
    # Given: weights that fit the device only in parts
    expected = undisturbed.default_clip("tiny-wan")
    real = loading.place

    def place(pipeline, *arguments):
        degraded = real(pipeline, *arguments)
        if enough not in lie_of(pipeline):
            raise torch.OutOfMemoryError(MESSAGE)
        return degraded

    monkeypatch.setattr(loading, "place", place)

    # When
    first, second = gpu.generate("tiny-wan"), gpu.generate("tiny-wan")

    # Then
    assert (first.report.degraded, second.report.degraded) == (rungs, rungs[-1:])
    assert second.report.timings["load_s"] == 0
    assert _same(second, expected)


def test_model_estimated_too_large_starts_offloaded_and_goes_on_from_there(make_studio, as_entry, monkeypatch):
    # Given
    worker = make_studio([as_entry("tiny-wan", "mine", card={"memory_gib": 25})], device=pretended_gpu(monkeypatch))
    short = ShortMemory(monkeypatch, WanTransformer3DModel, "forward", lambda: _pipeline(worker, "mine"), enough="sequential_offload")

    # When
    report = worker.generate("mine", steps=1).report

    # Then
    assert report.degraded == ("model_offload", "memory_freed", "sequential_offload")
    assert short.seen == ("model_offload", "sequential_offload")


def test_model_that_never_fits_is_not_loaded(gpu, monkeypatch):
    # Given
    def place(*_: object) -> None:
        raise torch.OutOfMemoryError(MESSAGE)

    monkeypatch.setattr("pipelines.loading.place", place)

    # When
    with pytest.raises(OutOfMemory, match="while loading") as caught:
        gpu.generate("tiny-wan")

    # Then
    assert caught.value.details["rungs"] == ["memory_freed", "model_offload", "sequential_offload"]
    assert gpu.engine.warm_models == ()


def test_tensors_of_a_lost_try_are_gone_before_the_next(make_studio):
    # Given: a try that holds something large when it ends
    held: list[weakref.ref] = []

    def work() -> bool:
        large = torch.zeros(1000)
        held.append(weakref.ref(large))
        if len(held) == 1:
            # A frame that knows its own error is a cycle, as in every translation of an error.
            error = OutOfMemory("no room")
            raise error from torch.OutOfMemoryError(MESSAGE)
        return held[0]() is None

    # When / Then
    assert Ladder("some-model", detect_device("cpu")).climbing(None, work, lambda _: None)
