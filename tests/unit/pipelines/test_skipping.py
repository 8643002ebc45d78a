"""Skipping the steps that a run has behind it, on small loops of the kinds that pipelines have."""

from __future__ import annotations

import copy
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from diffusers import DPMSolverMultistepScheduler, FlowMatchEulerDiscreteScheduler, HeunDiscreteScheduler
from diffusers.models.modeling_outputs import Transformer2DModelOutput

from pipelines.checkpoint import CheckpointRefused, NotStorable
from pipelines.checkpoint.calls import shape_of
from pipelines.checkpoint.run import Checkpoints
from pipelines.step_control import StepControl

CPU = torch.device("cpu")
NOISE = torch.randn(1, 4, 2, 2, generator=torch.Generator().manual_seed(5))


class Denoiser(torch.nn.Module):
    """Predicts half of what it is given, in the kind of output that is asked for, and counts."""

    calls = 0

    def forward(self, latents: torch.Tensor, kind: str = "tuple"):
        self.calls += 1
        made = latents / 2
        return {"tuple": (made,), "list": ([made[0], made[0]],), "output": Transformer2DModelOutput(sample=made), "pair": (made, None)}[
            kind
        ]


class Loop:
    """A pipeline of a denoiser and a scheduler; ``plan`` gives the kind of each call at each step."""

    def __init__(self, scheduler, plan, *, twins: int = 0) -> None:
        self.scheduler, self.plan, self.twins = scheduler, plan, twins
        self.transformer = Denoiser()
        self.components = {"transformer": self.transformer}
        self.generator = torch.Generator().manual_seed(3)

    def __call__(self) -> list[torch.Tensor]:
        self.scheduler.set_timesteps(len(self.plan))
        schedulers = [self.scheduler, *(copy.deepcopy(self.scheduler) for _ in range(self.twins))]
        latents = [NOISE + index for index in range(len(schedulers))]
        for number, timestep in enumerate(self.scheduler.timesteps):
            made = [self.transformer(latents[0], kind) for kind in self.plan[min(number, len(self.plan) - 1)]]
            prediction = made[-1][0] if not isinstance(made[-1][0], list) else made[-1][0][0][None]
            latents = [self._step(scheduler, prediction, timestep, old) for scheduler, old in zip(schedulers, latents, strict=True)]
        return latents

    def _step(self, scheduler, prediction, timestep, latents):
        more = {"generator": self.generator} if isinstance(scheduler, DPMSolverMultistepScheduler) else {}
        return scheduler.step(prediction, timestep, latents, return_dict=False, **more)[0]


def _run(loop, *, cut: int = 0, resume=None):
    """Run a loop; return what it made, the snapshot after step ``cut``, and the steps that were told."""
    fresh = Checkpoints(CPU, (loop.generator,), {"loop": "one"})
    checkpoints = fresh if resume is None else fresh.going_on_from(resume)
    taken, told = [], []

    def on_step(step):
        told.append(step.number)
        if step.number == cut:
            taken.append(step.take())

    with StepControl(loop, on_step=on_step, checkpoints=checkpoints, on_resume=lambda step, of: told.append(f"{step}/{of}")):
        made = loop()
    return made, taken[0] if taken else None, told


def _require_same_after(make, cut: int) -> Loop:
    torch.manual_seed(1)
    whole, snapshot, _ = _run(make(), cut=cut)
    torch.manual_seed(2)
    loop = make()
    resumed, _, told = _run(loop, resume=snapshot)
    assert told[0] == f"{cut}/{snapshot.of}"
    assert all(torch.equal(one, other) for one, other in zip(whole, resumed, strict=True))
    return loop


@pytest.mark.parametrize("cut", [1, 2, 3, 4])
def test_kinds_and_numbers_of_calls_may_change_from_step_to_step(cut):
    # Given
    plan = [["tuple", "tuple"], ["list", "output", "pair"], ["output"], ["pair", "list"]]

    # When
    loop = _require_same_after(lambda: Loop(FlowMatchEulerDiscreteScheduler(), plan), cut)

    # Then
    assert loop.transformer.calls == sum(len(step) for step in plan[cut:])


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_generator_of_the_job_goes_on_where_it_stood(cut):
    scheduler = {"algorithm_type": "sde-dpmsolver++", "use_flow_sigmas": True, "prediction_type": "flow_prediction"}

    _require_same_after(lambda: Loop(DPMSolverMultistepScheduler(**scheduler), [["tuple"]] * 4), cut)


@pytest.mark.parametrize("cut", [1, 2, 3, 4, 5])
def test_scheduler_of_second_order(cut):
    _require_same_after(lambda: Loop(HeunDiscreteScheduler(), [["tuple"]] * 3), cut)


@pytest.mark.parametrize("cut", [1, 3])
def test_copies_of_the_scheduler_have_latents_of_their_own(cut):
    _require_same_after(lambda: Loop(FlowMatchEulerDiscreteScheduler(stochastic_sampling=True), [["tuple"]] * 4, twins=2), cut)


def test_step_that_is_reported_late_gives_no_snapshot():
    # Given: a copy that never steps, so that the first step is known to be complete only at the second
    loop, takes = Loop(FlowMatchEulerDiscreteScheduler(), [["tuple"]] * 3), {}
    checkpoints = Checkpoints(CPU, (loop.generator,), {})

    # When
    with StepControl(loop, on_step=lambda step: takes.update({step.number: step.take is not None}), checkpoints=checkpoints):
        copy.deepcopy(loop.scheduler)
        loop()

    # Then
    assert takes == {1: False, 2: True, 3: True}


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (Loop(FlowMatchEulerDiscreteScheduler(), [["tuple"], ["tuple"], ["tuple"]]), "calls the denoiser differently"),
        (Loop(FlowMatchEulerDiscreteScheduler(), [["tuple"] * 3] * 3), "calls the denoiser differently"),
        (Loop(FlowMatchEulerDiscreteScheduler(), [["tuple"] * 2] * 4), "3 steps instead of 4"),
        (Loop(FlowMatchEulerDiscreteScheduler(), [["tuple"] * 2] * 3, twins=1), "it has 1 streams and the run more"),
    ],
)
def test_run_of_another_form_refuses(other, reason):
    # Given
    _, snapshot, _ = _run(Loop(FlowMatchEulerDiscreteScheduler(), [["tuple"] * 2] * 3), cut=2)

    # When / Then
    with pytest.raises(CheckpointRefused, match=reason):
        _run(other, resume=snapshot)


def test_run_with_fewer_streams_refuses():
    # Given
    _, snapshot, _ = _run(Loop(FlowMatchEulerDiscreteScheduler(), [["tuple"]] * 3, twins=1), cut=2)

    # When / Then
    with pytest.raises(CheckpointRefused, match="other streams"):
        _run(Loop(FlowMatchEulerDiscreteScheduler(), [["tuple"]] * 3), resume=snapshot)


def test_pipeline_that_never_steps_refuses():
    # Given
    loop = Loop(FlowMatchEulerDiscreteScheduler(), [["tuple"]] * 3)
    _, snapshot, _ = _run(loop, cut=2)
    checkpoints = Checkpoints(CPU, (loop.generator,), {"loop": "one"}).going_on_from(snapshot)

    # When / Then
    with pytest.raises(CheckpointRefused, match="does not make the steps"), StepControl(loop, on_step=print, checkpoints=checkpoints):
        loop.scheduler.set_timesteps(3)


def test_loop_that_breaks_over_zeros_refuses():
    # Given
    loop = Loop(FlowMatchEulerDiscreteScheduler(), [["tuple"]] * 3)
    _, snapshot, _ = _run(loop, cut=2)
    checkpoints = Checkpoints(CPU, (loop.generator,), {"loop": "one"}).going_on_from(snapshot)

    # When / Then
    with (
        pytest.raises(CheckpointRefused, match="cannot be skipped: ZeroDivisionError"),
        StepControl(loop, on_step=print, checkpoints=checkpoints),
    ):
        1 / 0  # noqa: B018 - as a loop does that divides by what the denoiser returned


def test_what_an_observer_raises_meanwhile_is_passed_on():
    # Given
    class LeaseLost(Exception):
        pass

    loop = Loop(FlowMatchEulerDiscreteScheduler(), [["tuple"]] * 3)
    _, snapshot, _ = _run(loop, cut=2)
    checkpoints = Checkpoints(CPU, (loop.generator,), {"loop": "one"}).going_on_from(snapshot)

    # When / Then
    with pytest.raises(LeaseLost), StepControl(loop, on_step=print, checkpoints=checkpoints):
        raise LeaseLost


def test_another_number_of_generators_is_refused():
    # Given
    loop = Loop(FlowMatchEulerDiscreteScheduler(), [["tuple"]] * 3)
    _, snapshot, _ = _run(loop, cut=2)

    # When / Then
    with pytest.raises(CheckpointRefused, match="it has 1 generators and the run 2"):
        replace(Checkpoints(CPU, (), {"loop": "one"}), generators=(loop.generator,) * 2).going_on_from(snapshot)


def test_output_that_has_no_shape_is_named():
    with pytest.raises(NotStorable, match="the denoiser returns a SimpleNamespace"):
        shape_of((SimpleNamespace(),))
