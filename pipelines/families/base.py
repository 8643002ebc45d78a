"""What every model family does, and the data that goes through it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any, ClassVar

import torch

from config.catalogue import ModelEntry
from pipelines.checkpoint.run import Checkpoints
from pipelines.signatures import call_parameters
from pipelines.spooling import Frame, Samples
from pipelines.stages import Stages
from pipelines.step_control import StepControl
from reelfleet.contract.job import Phase
from reelfleet.contract.model_card import Modality
from reelfleet.contract.spec import GenerationSpec


@dataclass(frozen=True)
class Job:
    """One generation on one loaded pipeline."""

    spec: GenerationSpec
    entry: ModelEntry
    pipeline: Any
    generator: torch.Generator
    arguments: dict[str, Any] = field(default_factory=dict)
    """Further arguments of the pipeline's call, checked: the catalogue's, the request's, and the images of its inputs."""
    checkpoints: Checkpoints | None = None
    """With them the run can be stored between two steps; none for one that cannot be resumed exactly."""

    def argument(self, name: str) -> Any:
        """Return a further argument, or the default that the pipeline's call has for it.

        Raises:
            KeyError: when the call has no such argument.
        """
        return self.arguments[name] if name in self.arguments else call_parameters(type(self.pipeline))[name].default


@dataclass(frozen=True)
class Audio:
    """The sound of a clip."""

    samples: Samples
    sample_rate: int


Output = Generator[Frame | Audio, None, None]


class Family(ABC):
    """Turns a job into frames; stateless, one object serves every job."""

    name: ClassVar[str]

    @abstractmethod
    def run(self, job: Job, stages: Stages) -> Output:
        """Yield the frames in order as they are decoded, and then the sound if the model makes some.

        Enters the phases encode, denoise and decode on ``stages``. The generator must be closed when it is left early.
        """


class StagedFamily(Family):
    """A family whose three stages are apart: the pipeline's call gets embeddings and returns latents."""

    def run(self, job: Job, stages: Stages) -> Output:
        """See :meth:`Family.run`."""
        stages.enter(Phase.ENCODE)
        # encode_prompt is not under no_grad by itself; without it the embeddings differ in their last bits.
        with torch.no_grad():
            embeddings = self.encode(job)
        stages.enter(Phase.DENOISE, job.spec.steps)
        with StepControl(
            job.pipeline,
            on_step=lambda step: stages.step(step, lambda latents: self.grid(job, latents)),
            on_stream=stages.stream,
            checkpoints=job.checkpoints,
            on_resume=stages.resumed,
        ):
            latents = self.denoise(job, embeddings)
        del embeddings
        stages.enter(Phase.DECODE, job.spec.frames)
        yield from self.decode(job, latents)

    @abstractmethod
    def encode(self, job: Job) -> dict[str, Any]:
        """Return the text as arguments of the pipeline's call; the negative prompt only if guidance uses it."""

    @abstractmethod
    def decode(self, job: Job, latents: tuple[torch.Tensor, ...]) -> Output:
        """Yield frames, and sound, from what the pipeline's call returned."""

    @abstractmethod
    def grid(self, job: Job, latents: torch.Tensor) -> torch.Tensor | None:
        """Lay the scheduler's latents out as (channels, frames, height, width) for a preview."""

    def call_arguments(self, job: Job) -> dict[str, Any]:
        """Return what the call is given beside text, generator and output type."""
        return common_arguments(job)

    def denoise(self, job: Job, embeddings: dict[str, Any]) -> tuple[torch.Tensor, ...]:
        """Run the pipeline's own loop; return what it returns for ``output_type="latent"``."""
        arguments = {**self.call_arguments(job), **embeddings, **job.arguments}
        result: tuple[torch.Tensor, ...] = job.pipeline(**arguments, generator=job.generator, output_type="latent", return_dict=False)
        return result


def common_arguments(job: Job) -> dict[str, Any]:
    """Return what nearly every pipeline's call takes, under its names: size, length, steps, guidance."""
    spec, settings = job.spec, job.entry.pipeline
    arguments: dict[str, Any] = {"height": spec.height, "width": spec.width, "num_inference_steps": spec.steps}
    if settings.guidance_argument is not None:
        arguments[settings.guidance_argument] = spec.guidance
    if spec.modality is not Modality.IMAGE:
        arguments["num_frames"] = spec.frames
        if "frame_rate" in call_parameters(type(job.pipeline)):
            arguments["frame_rate"] = spec.fps
    return arguments
