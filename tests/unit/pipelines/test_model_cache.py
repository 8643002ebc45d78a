"""Warm models within a bound."""

from __future__ import annotations

import gc
import weakref
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from pipelines.device import detect_device
from pipelines.model_cache import ModelCache
from pipelines.placement import held_bytes
from reelfleet.contract.errors import OutOfMemory
from reelfleet.contract.job import Phase
from tests.fixtures.observer import RecordingObserver

GIB = 1024**3


def _gib_of(studio, *models: str) -> float:
    """What models really hold together, with a little room."""
    for model in models:
        studio.engine.warm(model)
    held = sum(studio.engine._models.get(model).bytes for model in models)
    return (held + 50_000) / GIB


def test_models_stay_warm_in_order_of_use(make_studio):
    # Given
    studio = make_studio()
    for model in ("tiny-wan", "tiny-ltx", "tiny-flux"):
        studio.engine.warm(model)

    # When
    studio.generate("tiny-ltx", steps=2)

    # Then
    assert studio.engine.warm_models == ("tiny-wan", "tiny-flux", "tiny-ltx")


def test_least_recently_used_model_goes_first(make_studio):
    # Given
    bound = _gib_of(make_studio(), "tiny-wan", "tiny-flux")
    studio = make_studio(model_memory_gib=bound)
    studio.engine.warm("tiny-wan")
    studio.engine.warm("tiny-flux")
    studio.engine.warm("tiny-wan")

    # When
    studio.engine.warm("tiny-ltx")

    # Then
    assert studio.engine.warm_models == ("tiny-wan", "tiny-ltx")


def test_model_that_went_is_loaded_again_to_the_same_frames(make_studio, studio):
    # Given
    worker = make_studio(model_memory_gib=_gib_of(make_studio(), "tiny-wan"))
    worker.generate("tiny-wan", seed=1)
    worker.engine.warm("tiny-flux")

    # When
    again = worker.generate("tiny-wan")

    # Then
    assert worker.engine.warm_models == ("tiny-wan",)
    assert again.report.timings["load_s"] > 0
    assert np.array_equal(again.frames, studio.default_clip("tiny-wan").frames)


def test_room_is_made_before_the_next_model_is_loaded(make_studio, monkeypatch):
    # Given
    worker = make_studio(model_memory_gib=_gib_of(make_studio(), "tiny-wan"))
    worker.engine.warm("tiny-wan")
    warm_while_loading = []
    place = "pipelines.loading.place"
    monkeypatch.setattr(place, lambda *_: warm_while_loading.append(worker.engine.warm_models) or ())

    # When
    worker.engine.warm("tiny-flux")

    # Then
    assert warm_while_loading == [()]


def test_model_larger_than_the_bound_is_kept_alone(make_studio):
    # Given
    studio = make_studio(model_memory_gib=1e-6)

    # When
    studio.engine.warm("tiny-wan")
    studio.engine.warm("tiny-flux")

    # Then
    assert studio.engine.warm_models == ("tiny-flux",)


def test_others_go_when_what_a_job_needs_would_not_fit_beside_them(make_studio):
    # Given: a device with room for the estimate of one tiny model, half a GiB, beside the weights of one other
    beside = _gib_of(make_studio(), "tiny-flux") * GIB
    device = detect_device("cpu").model_copy(update={"memory_bytes": GIB // 2 + int(beside)})
    studio = make_studio(device=device, model_memory_gib=1)
    studio.engine.warm("tiny-wan")
    studio.engine.warm("tiny-flux")

    # When
    studio.generate("tiny-ltx", steps=2)

    # Then
    assert studio.engine.warm_models == ("tiny-flux", "tiny-ltx")


def test_unloaded_model_gives_its_memory_back(make_studio):
    # Given
    studio = make_studio()
    studio.generate("tiny-wan", steps=2)
    transformer = weakref.ref(studio.engine._models.get("tiny-wan").pipeline.transformer)

    # When
    studio.engine.unload("tiny-wan")

    # Then
    assert studio.engine.warm_models == ()
    assert transformer() is None


def test_unload_without_a_name_lets_all_go(make_studio):
    # Given
    studio = make_studio()
    studio.engine.warm("tiny-wan")
    studio.engine.warm("tiny-flux")

    # When
    studio.engine.unload()

    # Then
    assert studio.engine.warm_models == ()


def test_unloading_what_is_not_warm_does_nothing(make_studio):
    studio = make_studio()

    studio.engine.unload("tiny-wan")

    assert studio.engine.warm_models == ()


def test_after_running_out_of_memory_the_next_attempt_has_all_of_it(make_studio):
    # Given
    studio = make_studio()
    studio.engine.warm("tiny-flux")

    def run_out(phase: Phase, step: int) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

    # When
    with pytest.raises(OutOfMemory):
        studio.generate("tiny-wan", observer=RecordingObserver(on_advance=run_out))

    # Then
    assert studio.engine.warm_models == ()


def test_weights_of_two_components_that_share_them_count_once():
    # Given
    layer, other = torch.nn.Linear(10, 10, bias=False), torch.nn.Linear(10, 10, bias=False)
    other.weight = layer.weight
    pipeline = SimpleNamespace(components={"one": layer, "other": other, "tokenizer": object()})

    # When / Then
    assert held_bytes(pipeline) == 10 * 10 * 4


def test_buffers_count_too():
    # Given
    layer = torch.nn.BatchNorm1d(8)
    pipeline = SimpleNamespace(components={"one": layer})

    # When / Then: two weights and two means of 8 float32, one counter of int64
    assert held_bytes(pipeline) == 4 * 8 * 4 + 8


def test_bound_holds_for_what_a_model_takes_beyond_its_files():
    # Given: a model that grew in loading, from bfloat16 in its files to float32
    cache = ModelCache(100)
    cache.add("first", SimpleNamespace(bytes=60))
    cache.make_room(30)

    # When
    cache.add("second", SimpleNamespace(bytes=60))

    # Then
    assert (cache.names, cache.held_bytes) == (("second",), 60)


def test_many_jobs_hold_no_more_memory_than_one(make_studio):
    # Given
    studio = make_studio()
    studio.generate("tiny-flux", steps=1)
    before = _tensors()

    # When
    for seed in range(5):
        studio.generate("tiny-flux", steps=1, seed=seed)

    # Then
    assert _tensors() <= before


def _tensors() -> int:
    gc.collect()
    return sum(issubclass(type(thing), torch.Tensor) for thing in gc.get_objects())
