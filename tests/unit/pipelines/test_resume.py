"""A run that goes on from a checkpoint makes the same bits as one that was never interrupted."""

from __future__ import annotations

import functools
import itertools
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from diffusers import (
    DPMSolverMultistepScheduler,
    FlowMatchEulerDiscreteScheduler,
    SchedulerMixin,
    UniPCMultistepScheduler,
    WanTransformer3DModel,
)

from config.catalogue import Catalogue
from persistence.spool import SpoolReader
from pipelines import tiny
from reelfleet.contract.job import Phase
from tests.fixtures.observer import RecordingObserver
from tests.unit.pipelines.conftest import TINY, Clip, Studio
from tests.unit.pipelines.interruptions import CUTS, STEPS, interrupt, require_same, with_scheduler
from tests.unit.pipelines.strangers import STRANGERS

FLOW = {"num_train_timesteps": 1000, "prediction_type": "flow_prediction", "use_flow_sigmas": True, "flow_shift": 3.0}
SCHEDULERS = {
    "unipc-3": UniPCMultistepScheduler(**FLOW, solver_order=3),
    "euler": FlowMatchEulerDiscreteScheduler(shift=3.0),
    "stochastic-euler": FlowMatchEulerDiscreteScheduler(shift=3.0, stochastic_sampling=True),
    "dpm-3": DPMSolverMultistepScheduler(**FLOW, solver_order=3),
    "sde-dpm": DPMSolverMultistepScheduler(**FLOW, algorithm_type="sde-dpmsolver++"),
}
TWO_STREAMS = "two-random-streams"
GENERIC = ("tiny-wan", "tiny-ltx", "tiny-flux")
WITH_IMAGE = {"tiny-wan": "WanImageToVideoPipeline", "tiny-ltx": "LTXImageToVideoPipeline", "tiny-ltx2": "LTX2ImageToVideoPipeline"}
IN_ANOTHER_PROCESS = [
    *itertools.product(TINY, CUTS),
    *itertools.product((*SCHEDULERS, TWO_STREAMS, *STRANGERS), ("middle",)),
]


@pytest.fixture(scope="module")
def entries(as_entry, settings, tmp_path_factory):
    """Entries by name: tiny Wan with other schedulers, LTX-2 with a stochastic one, pipelines of no family."""
    root = tmp_path_factory.mktemp("models")

    def rescheduled(model: str, name: str, scheduler: SchedulerMixin):
        folder = with_scheduler(tiny.ensure(model, settings.cache_dir), root / name, scheduler)
        return as_entry(model, name, source={"kind": "folder", "path": folder})

    def stranger(name: str):
        cls, build, guidance = STRANGERS[name]
        build().save_pretrained(root / name)
        settings = {"class": cls, "guidance_argument": guidance, "negative_prompt": True}
        return as_entry("tiny-flux", name, card={"family": "generic"}, source={"kind": "folder", "path": root / name}, pipeline=settings)

    def with_image(model: str, cls: str):
        folder = shutil.copytree(tiny.ensure(model, settings.cache_dir), root / f"image-{model}")
        index = json.loads((folder / "model_index.json").read_text())
        # Wan 2.2 TI2V steps each token by a time of its own; the others have no such setting.
        changed = {"expand_timesteps": True} if "expand_timesteps" in index else {}
        (folder / "model_index.json").write_text(json.dumps(index | changed))
        return as_entry(
            model,
            folder.name,
            card={"inputs": ["image_start"]},
            source={"kind": "folder", "path": folder},
            pipeline={"class_with_inputs": cls, "input_arguments": {"image_start": "image"}},
        )

    return (
        *(with_image(model, cls) for model, cls in WITH_IMAGE.items()),
        *(rescheduled("tiny-wan", name, scheduler) for name, scheduler in SCHEDULERS.items()),
        rescheduled("tiny-ltx2", TWO_STREAMS, FlowMatchEulerDiscreteScheduler(stochastic_sampling=True)),
        *(stranger(name) for name in STRANGERS),
        *(as_entry(model, f"generic-{model}", card={"family": "generic"}) for model in GENERIC),
    )


@pytest.fixture(scope="module")
def here(settings, catalogue, entries, picture, tmp_path_factory):
    """The engine that is interrupted."""
    return Studio(settings, _catalogue(catalogue, entries), tmp_path_factory.mktemp("here"), picture)


@pytest.fixture(scope="module")
def elsewhere(settings, catalogue, entries, picture, tmp_path_factory):
    """Another engine, with models of its own, that goes on."""
    return Studio(settings, _catalogue(catalogue, entries), tmp_path_factory.mktemp("elsewhere"), picture)


def _catalogue(shipped, entries) -> Catalogue:
    return Catalogue({**shipped, **{entry.name: entry for entry in entries}})


@pytest.fixture(scope="module")
def undisturbed(here):
    """The clip of a model that nothing interrupted."""
    return functools.cache(lambda model: here.generate(model, steps=STEPS))


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("model", [*SCHEDULERS, TWO_STREAMS, *STRANGERS, *(f"generic-{model}" for model in GENERIC)])
def test_another_engine_makes_the_same_bits(here, elsewhere, undisturbed, tmp_path, model, cut):
    # Given
    checkpoint = interrupt(here, model, CUTS[cut], tmp_path / "checkpoint", steps=STEPS)

    # When
    clip = elsewhere.generate(model, resume=checkpoint, steps=STEPS)

    # Then
    assert clip.observer.notes == [f"resumed after step {CUTS[cut]}/{STEPS}"]
    require_same(clip, undisturbed(model))


@pytest.fixture(scope="module")
def other_process(here, entries, tmp_path_factory):
    """Clips by model and cut that a fresh interpreter made out of checkpoints, all in one go to spare imports."""
    folder = tmp_path_factory.mktemp("process")
    jobs = [
        {
            "spec": json.loads((spec := here.spec(model, steps=STEPS)).model_dump_json()),
            "inputs": {name: str(path) for name, path in here.inputs(spec, {}).items()},
            "checkpoint": str(interrupt(here, model, CUTS[cut], folder / f"{model} {cut}.safetensors", steps=STEPS)),
            "spool": str(folder / f"{model} {cut}"),
        }
        for model, cut in IN_ANOTHER_PROCESS
    ]
    order = {
        "cache_dir": str(here.settings.cache_dir),
        "entries": [json.loads(entry.model_dump_json(by_alias=True, exclude_unset=True)) for entry in entries],
        "jobs": jobs,
        "notes": str(folder / "notes.json"),
    }
    (folder / "order.json").write_text(json.dumps(order))
    root = Path(__file__).parents[3]
    command = [sys.executable, str(Path(__file__).with_name("resuming_process.py")), str(folder / "order.json")]
    subprocess.run(command, cwd=root, env={**os.environ, "PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"}, check=True, timeout=170)
    notes = json.loads((folder / "notes.json").read_text())

    def clip(model: str, cut: str) -> Clip:
        number = IN_ANOTHER_PROCESS.index((model, cut))
        reader = SpoolReader(Path(jobs[number]["spool"]))
        observer = RecordingObserver(notes=notes[number])
        return Clip(np.stack(list(reader.iter_frames())), reader.fps, reader.audio(), None, observer)

    return clip


@pytest.mark.parametrize(("model", "cut"), IN_ANOTHER_PROCESS)
def test_another_process_makes_the_same_bits(other_process, undisturbed, model, cut):
    clip = other_process(model, cut)

    assert clip.observer.notes == [f"resumed after step {CUTS[cut]}/{STEPS}"]
    require_same(clip, undisturbed(model))


@pytest.mark.parametrize("model", [*SCHEDULERS, TWO_STREAMS, *STRANGERS])
def test_seeds_and_schedulers_differ_so_that_comparing_means_something(here, undisturbed, model):
    plain = undisturbed("tiny-wan").frames

    assert not np.array_equal(undisturbed(model).frames, plain)
    assert not np.array_equal(undisturbed(model).frames, here.generate(model, steps=STEPS, seed=8).frames)


@pytest.mark.parametrize("cut", CUTS)
def test_phases_of_a_resumed_run_are_told_in_order(here, elsewhere, tmp_path, cut):
    # Given
    checkpoint = interrupt(here, "qwen", CUTS[cut], tmp_path / "checkpoint", steps=STEPS)

    # When
    clip = elsewhere.generate("qwen", resume=checkpoint, steps=STEPS)

    # Then
    assert clip.observer.phases == [(Phase.LOAD, 0), (Phase.ENCODE, 0), (Phase.DENOISE, STEPS), (Phase.DECODE, 1)]


def test_steps_behind_the_run_are_neither_computed_nor_told(here, elsewhere, tmp_path):
    # Given
    checkpoint = interrupt(here, "tiny-wan22", 4, tmp_path / "checkpoint", steps=STEPS)
    elsewhere.engine.warm("tiny-wan22")
    pipeline, calls = elsewhere.engine._models.get("tiny-wan22").pipeline, []
    hooks = [
        expert.blocks[0].register_forward_hook(lambda *_: calls.append(1)) for expert in (pipeline.transformer, pipeline.transformer_2)
    ]

    # When
    clip = elsewhere.generate("tiny-wan22", resume=checkpoint, steps=STEPS)
    for hook in hooks:
        hook.remove()

    # Then: two steps, each with and without the prompt
    assert len(calls) == 4
    assert clip.observer.steps_of(Phase.DENOISE) == [(5, 6), (6, 6)]
    assert clip.observer.phases[2:] == [(Phase.DENOISE, 6), (Phase.DECODE, 9)]


def test_after_the_last_step_only_decoding_is_left(here, elsewhere, tmp_path):
    # Given
    checkpoint = interrupt(here, "tiny-wan", STEPS, tmp_path / "checkpoint", steps=STEPS)

    # When
    clip = elsewhere.generate("tiny-wan", resume=checkpoint, steps=STEPS)

    # Then
    assert clip.observer.steps_of(Phase.DENOISE) == []
    assert clip.observer.steps_of(Phase.DECODE) == [(frame, 9) for frame in range(1, 10)]


def test_run_that_was_resumed_can_be_interrupted_again(here, elsewhere, undisturbed, tmp_path):
    # Given
    first = interrupt(here, "tiny-wan22", 2, tmp_path / "first", steps=STEPS)
    second = interrupt(elsewhere, "tiny-wan22", 4, tmp_path / "second", resume=first, steps=STEPS)

    # When
    clip = here.generate("tiny-wan22", resume=second, steps=STEPS)

    # Then
    assert clip.observer.notes == ["resumed after step 4/6"]
    require_same(clip, undisturbed("tiny-wan22"))


def test_snapshots_do_not_change_the_run(here, undisturbed):
    # Given
    class Greedy(RecordingObserver):
        def advance(self, step, of, take=None):
            if take is not None:
                take()
            super().advance(step, of, take)

    # When
    clip = here.generate("tiny-ltx2", observer=Greedy(), steps=STEPS)

    # Then
    require_same(clip, undisturbed("tiny-ltx2"))


def test_every_denoise_step_of_the_shipped_tiny_models_can_be_stored(undisturbed):
    assert {model: undisturbed(model).observer.resumable for model in TINY} == dict.fromkeys(TINY, [True] * STEPS)


def test_pipeline_is_as_it_was_after_resuming(here, elsewhere, undisturbed, tmp_path):
    # Given
    checkpoint = interrupt(here, "tiny-wan", 3, tmp_path / "checkpoint", steps=STEPS)
    elsewhere.generate("tiny-wan", resume=checkpoint, steps=STEPS)

    # When
    clip = elsewhere.generate("tiny-wan", steps=STEPS)

    # Then
    assert type(elsewhere.engine._models.get("tiny-wan").pipeline.transformer) is WanTransformer3DModel
    require_same(clip, undisturbed("tiny-wan"))


@pytest.mark.parametrize("image", [True, False])
@pytest.mark.parametrize("model", WITH_IMAGE)
def test_models_that_take_an_image_make_the_same_bits_with_and_without(here, elsewhere, picture, tmp_path, model, image):
    # Given
    request = {"steps": STEPS, "inputs": {"image_start": picture} if image else {}}
    undisturbed = here.generate(f"image-{model}", **request)
    checkpoint = interrupt(here, f"image-{model}", 3, tmp_path / "checkpoint", **request)

    # When
    clip = elsewhere.generate(f"image-{model}", resume=checkpoint, **request)

    # Then
    assert clip.observer.notes == ["resumed after step 3/6"]
    require_same(clip, undisturbed)
