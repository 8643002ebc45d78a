"""Runs that cannot be resumed exactly take no snapshots, and say why when they are asked to resume."""

from __future__ import annotations

from types import SimpleNamespace

import diffusers
import pytest
import torch
from diffusers import FirstBlockCacheConfig, FlowMatchEulerDiscreteScheduler, LCMScheduler

from pipelines.checkpoint.obstacles import obstacle
from pipelines.checkpoint.run import Checkpoints
from pipelines.step_control import StepControl
from tests.unit.pipelines.interruptions import interrupt, require_same

SAMPLE = torch.zeros(1, 4, 2, 2)


@pytest.fixture(scope="module")
def checkpoint(studio, tmp_path_factory):
    """The state of tiny Wan after two of four steps."""
    return interrupt(studio, "tiny-wan", 2, tmp_path_factory.mktemp("checkpoint") / "2.safetensors")


def _require_obstacle(studio, checkpoint, reason: str) -> None:
    clip = studio.generate("tiny-wan", resume=checkpoint)

    assert clip.observer.notes == [f"the checkpoint of step 2/4 is refused: {reason}; the job starts over"]
    assert clip.observer.resumable == [False] * 4


def test_model_that_does_not_claim_it(make_studio, as_entry, checkpoint, studio):
    # Given
    humble = make_studio([as_entry("tiny-wan", "tiny-wan", card={"step_resume": False})])

    # When / Then
    _require_obstacle(humble, checkpoint, "tiny-wan is not known to resume exactly (step_resume in its catalogue file)")
    require_same(humble.generate("tiny-wan"), studio.default_clip("tiny-wan"))


def test_step_cache(make_studio, checkpoint):
    # Given
    cached = make_studio()
    cached.engine.warm("tiny-wan")
    cached.engine._models.get("tiny-wan").pipeline.transformer.enable_cache(FirstBlockCacheConfig(threshold=0.1))

    # When / Then
    _require_obstacle(cached, checkpoint, "its transformer caches between steps (FirstBlockCacheConfig)")


def test_step_cache_that_was_hooked_on_by_hand(make_studio, checkpoint):
    # Given
    cached = make_studio()
    cached.engine.warm("tiny-wan")
    diffusers.hooks.apply_first_block_cache(
        cached.engine._models.get("tiny-wan").pipeline.transformer, FirstBlockCacheConfig(threshold=0.1)
    )

    # When / Then
    _require_obstacle(cached, checkpoint, "its transformer caches between steps (FBCHeadBlockHook)")


def test_guidance_object(catalogue):
    # Given
    guided = SimpleNamespace(components={"guider": diffusers.ClassifierFreeGuidance()})

    # When / Then
    assert obstacle(catalogue["tiny-wan"], guided) == "ClassifierFreeGuidance guides it, which keeps a state of its own"


def _resumable(scheduler, *, return_dict: bool = False) -> list[bool]:
    """Run a loop of nothing but a scheduler; tell after which steps a snapshot may be taken."""
    seen: list[bool] = []
    pipeline = SimpleNamespace(scheduler=scheduler, components={})
    checkpoints = Checkpoints(torch.device("cpu"), (), {})
    with StepControl(pipeline, on_step=lambda step: seen.append(step.take is not None), checkpoints=checkpoints):
        scheduler.set_timesteps(3)
        for timestep in scheduler.timesteps:
            scheduler.step(SAMPLE, timestep, SAMPLE, return_dict=return_dict)
    return seen


class _WithSampler(FlowMatchEulerDiscreteScheduler):
    """A scheduler whose noise comes from an object of its own from the second step on, as Brownian-tree samplers have it."""

    def step(self, *args, **kwargs):
        if self.step_index is not None:
            self.noise_sampler = object()
        return super().step(*args, **kwargs)


def test_scheduler_whose_state_has_no_form():
    assert _resumable(_WithSampler()) == [True, False, False]


def test_scheduler_whose_results_have_fields_that_are_not_known():
    assert _resumable(LCMScheduler(), return_dict=True) == [False, False, False]


def test_without_checkpoints_nothing_is_recorded(studio):
    # Given
    studio.engine.warm("tiny-wan")
    pipeline, classes = studio.engine._models.get("tiny-wan").fresh(), []

    # When
    with StepControl(pipeline, on_step=lambda step: classes.append((type(pipeline.transformer), step.take))):
        pipeline("a kite", width=16, height=16, num_frames=1, num_inference_steps=2, output_type="latent")

    # Then
    assert classes == [(diffusers.WanTransformer3DModel, None)] * 2
