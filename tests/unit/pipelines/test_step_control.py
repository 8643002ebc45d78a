"""The hook around scheduler.step, on real schedulers and pipelines."""

from __future__ import annotations

import copy
import inspect
from types import SimpleNamespace

import diffusers
import pytest
import torch
from diffusers import DDIMScheduler, FlowMatchEulerDiscreteScheduler, HeunDiscreteScheduler, UniPCMultistepScheduler

from pipelines import tiny
from pipelines.step_control import Step, StepControl

SAMPLE = torch.zeros(1, 4, 2, 2)


def _loop(pipeline, steps: int, *, twins: int = 0) -> None:
    """What pipelines do: set timesteps, perhaps copy the scheduler, and step."""
    scheduler = pipeline.scheduler
    scheduler.set_timesteps(steps)
    copies = [copy.deepcopy(scheduler) for _ in range(twins)]
    for timestep in scheduler.timesteps:
        scheduler.step(SAMPLE, timestep, SAMPLE)
        for twin in copies:
            twin.step(SAMPLE, timestep, SAMPLE)


def _watch(scheduler, run) -> list[Step]:
    pipeline, seen = SimpleNamespace(scheduler=scheduler), []
    with StepControl(pipeline, on_step=seen.append):
        run(pipeline)
    return seen


@pytest.mark.parametrize("scheduler", [FlowMatchEulerDiscreteScheduler, UniPCMultistepScheduler, DDIMScheduler])
def test_every_step_is_reported_once(scheduler):
    seen = _watch(scheduler(), lambda pipeline: _loop(pipeline, 3))

    assert [(step.number, step.of) for step in seen] == [(1, 3), (2, 3), (3, 3)]


def test_second_order_scheduler_counts_its_own_loop():
    seen = _watch(HeunDiscreteScheduler(), lambda pipeline: _loop(pipeline, 3))

    assert [(step.number, step.of) for step in seen] == [(number, 5) for number in range(1, 6)]


def test_step_with_a_copied_scheduler_is_complete_when_the_copy_stepped_too():
    # Given
    pipeline, order = SimpleNamespace(scheduler=FlowMatchEulerDiscreteScheduler()), []
    control = StepControl(
        pipeline, on_step=lambda step: order.append(f"step {step.number}"), on_stream=lambda _, n: order.append(f"stream {n}")
    )

    # When
    with control:
        _loop(pipeline, 2, twins=1)

    # Then
    assert order == ["stream 1", "stream 1", "step 1", "stream 2", "stream 2", "step 2"]


def test_copy_that_is_never_stepped_delays_the_first_step_alone():
    # Given
    pipeline, order = SimpleNamespace(scheduler=FlowMatchEulerDiscreteScheduler()), []

    # When
    with StepControl(pipeline, on_step=lambda step: order.append(f"step {step.number}")):
        pipeline.scheduler.set_timesteps(3)
        copy.deepcopy(pipeline.scheduler)
        for timestep in pipeline.scheduler.timesteps:
            pipeline.scheduler.step(SAMPLE, timestep, SAMPLE)
            order.append("next")

    # Then
    assert order == ["next", "step 1", "step 2", "next", "step 3", "next"]


def test_ltx2_has_two_streams_and_counts_steps_once(settings):
    # Given
    pipeline = diffusers.LTX2Pipeline.from_pretrained(tiny.ensure("tiny-ltx2", settings.cache_dir), use_safetensors=True)
    pipeline.set_progress_bar_config(disable=True)
    seen: list[Step] = []

    # When
    with StepControl(pipeline, on_step=seen.append) as control:
        pipeline("a kite", width=32, height=32, num_frames=3, num_inference_steps=3, output_type="latent")

    # Then
    assert [(step.number, step.of) for step in seen] == [(1, 3), (2, 3), (3, 3)]
    assert [stream.steps for stream in control.streams] == [3, 3]


def test_what_on_step_raises_leaves_the_loop_and_restores_the_scheduler():
    # Given
    pipeline = SimpleNamespace(scheduler=FlowMatchEulerDiscreteScheduler())

    def stop(step: Step) -> None:
        if step.number == 2:
            raise KeyError("stop")

    # When
    with pytest.raises(KeyError), StepControl(pipeline, on_step=stop):
        _loop(pipeline, 4)

    # Then
    assert type(pipeline.scheduler) is FlowMatchEulerDiscreteScheduler
    assert pipeline.scheduler.step_index == 2


def test_a_copy_keeps_the_state_of_its_scheduler():
    # Given
    pipeline = SimpleNamespace(scheduler=FlowMatchEulerDiscreteScheduler(shift=2.0))

    # When
    with StepControl(pipeline, on_step=lambda _: None):
        pipeline.scheduler.set_timesteps(3)
        twin = copy.deepcopy(pipeline.scheduler)

    # Then
    assert type(twin) is FlowMatchEulerDiscreteScheduler
    assert torch.equal(twin.timesteps, pipeline.scheduler.timesteps)
    assert twin.timesteps is not pipeline.scheduler.timesteps


def test_signatures_stay_as_pipelines_expect_them():
    # Given
    plain = DDIMScheduler()
    pipeline = SimpleNamespace(scheduler=DDIMScheduler())

    # When
    with StepControl(pipeline, on_step=lambda _: None):
        step, set_timesteps = (inspect.signature(method) for method in (pipeline.scheduler.step, pipeline.scheduler.set_timesteps))

    # Then
    assert step == inspect.signature(plain.step)
    assert set_timesteps == inspect.signature(plain.set_timesteps)


def test_start_is_told_once_when_timesteps_are_set():
    # Given
    pipeline, told = SimpleNamespace(scheduler=FlowMatchEulerDiscreteScheduler()), []

    # When
    with StepControl(pipeline, on_step=lambda step: told.append(step.number), on_start=lambda: told.append("start")):
        _loop(pipeline, 2)

    # Then
    assert told == ["start", 1, 2]


def test_step_holds_what_the_scheduler_returned():
    # Given
    pipeline, seen = SimpleNamespace(scheduler=FlowMatchEulerDiscreteScheduler()), []
    noise = torch.ones_like(SAMPLE)

    # When
    with StepControl(pipeline, on_step=seen.append):
        pipeline.scheduler.set_timesteps(2)
        result = pipeline.scheduler.step(noise, pipeline.scheduler.timesteps[0], SAMPLE, return_dict=False)[0]

    # Then
    assert seen[0].latents is result
    assert seen[0].prediction is noise
