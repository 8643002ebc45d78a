"""What every model family does, and the data that goes through it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

import torch
from PIL import Image

from config.catalogue import ModelEntry
from pipelines.spooling import Frame, Samples
from pipelines.stages import Stages
from pipelines.step_control import StepControl
from reelfleet.contract.job import Phase
from reelfleet.contract.spec import GenerationSpec


@dataclass(frozen=True)
class Job:
    """One generation on one loaded pipeline."""

    spec: GenerationSpec
    entry: ModelEntry
    pipeline: Any
    generator: torch.Generator
    images: dict[str, Image.Image] = field(default_factory=dict)
    """RGB, of the spec's size, by input field."""
    arguments: dict[str, Any] = field(default_factory=dict)
    """Further arguments of the pipeline's call, checked: the catalogue's, replaced by the request's."""


@dataclass(frozen=True)
class Audio:
    """The sound of a clip."""

    samples: Samples
    sample_rate: int


class Family(ABC):
    """Turns a job into frames; stateless, one object serves every job."""

    name: ClassVar[str]

    @abstractmethod
    def run(self, job: Job, stages: Stages) -> Iterator[Frame | Audio]:
        """Yield the frames in order as they are decoded, and then the sound if the model makes some.

        Enters the phases encode, denoise and decode on ``stages``. The iterator must be closed when it is left early.
        """


class StagedFamily(Family):
    """A family whose three stages are apart: the pipeline's call gets embeddings and returns latents."""

    def run(self, job: Job, stages: Stages) -> Iterator[Frame | Audio]:
        """See :meth:`Family.run`."""
        stages.enter(Phase.ENCODE)
        with torch.no_grad():
            embeddings = self.encode(job)
        stages.enter(Phase.DENOISE, job.spec.steps)
        with StepControl(
            job.pipeline, on_step=lambda step: stages.step(step, lambda latents: self.grid(job, latents)), on_stream=stages.stream
        ):
            result = self.denoise(job, embeddings)
        del embeddings
        stages.enter(Phase.DECODE, job.spec.frames)
        yield from self.decode(job, result)

    @abstractmethod
    def encode(self, job: Job) -> dict[str, Any]:
        """Return the text as arguments of the pipeline's call; the negative prompt only if guidance uses it."""

    @abstractmethod
    def call_arguments(self, job: Job) -> dict[str, Any]:
        """Return every other argument of the pipeline's call except generator and output type."""

    @abstractmethod
    def decode(self, job: Job, latents: Any) -> Iterator[Frame | Audio]:
        """Yield frames from what the pipeline's call returned."""

    @abstractmethod
    def grid(self, job: Job, latents: torch.Tensor) -> torch.Tensor | None:
        """Lay the scheduler's latents out as (channels, frames, height, width) for a preview."""

    def denoise(self, job: Job, embeddings: dict[str, Any]) -> Any:
        """Run the pipeline's own loop; return what it returns for ``output_type="latent"``."""
        arguments = {**self.call_arguments(job), **embeddings, **job.arguments}
        result = job.pipeline(**arguments, generator=job.generator, output_type="latent", return_dict=False)
        return result if len(result) > 1 else result[0]
