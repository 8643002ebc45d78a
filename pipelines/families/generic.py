"""Any other pipeline of diffusers, run by its call alone.

Such a pipeline is not taken apart: its text encoder and its VAE work within the call. Its scheduler tells when one
stage ends and the next begins, so progress, abort and times are as for the other families; frames come when the call
returns, as one array of floats on the host.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import torch

from pipelines.families.base import Family, Job, Output, common_arguments
from pipelines.families.frames import WHITE
from pipelines.stages import Stages
from pipelines.step_control import Step, StepControl
from reelfleet.contract.errors import Numerical
from reelfleet.contract.job import Phase

VIDEO_DIMENSIONS = 5
IMAGE_DIMENSIONS = 4
PACKED_DIMENSIONS = 3


class Generic(Family):
    """Runs a pipeline that the catalogue names by its class."""

    name: ClassVar[str] = "generic"

    def run(self, job: Job, stages: Stages) -> Output:
        """See :meth:`Family.run`."""

        def on_step(step: Step) -> None:
            stages.step(step, lambda latents: packed_grid(job, latents))
            after(step.number, step.of)

        def on_resume(step: int, of: int) -> None:
            stages.resumed(step, of)
            after(step, of)

        def after(step: int, of: int) -> None:
            if step == of:
                stages.enter(Phase.DECODE, job.spec.frames)

        def on_start() -> None:
            if stages.phase is Phase.ENCODE:
                stages.enter(Phase.DENOISE, job.spec.steps)

        stages.enter(Phase.ENCODE)
        with StepControl(
            job.pipeline, on_step=on_step, on_stream=stages.stream, on_start=on_start, checkpoints=job.checkpoints, on_resume=on_resume
        ):
            result = job.pipeline(**self.call_arguments(job), generator=job.generator, output_type="np", return_dict=False)
        if stages.phase is not Phase.DECODE:
            stages.enter(Phase.DECODE, job.spec.frames)
        made = np.asarray(result[0][0])
        del result
        for number, frame in enumerate(made if made.ndim == IMAGE_DIMENSIONS else made[np.newaxis], start=1):
            if not np.isfinite(frame).all():
                raise Numerical(
                    f"{job.spec.model}: NaN or infinity in decoded frame {number}; try another dtype or another seed",
                    details={"model": job.spec.model, "where": f"decoded frame {number}", "step": number},
                )
            yield np.ascontiguousarray((frame * WHITE).round().astype(np.uint8))

    def call_arguments(self, job: Job) -> dict[str, Any]:
        """Return everything but generator and output type; whether guidance uses the negative prompt, the pipeline knows."""
        arguments = {**common_arguments(job), "prompt": job.spec.prompt}
        if job.entry.pipeline.negative_prompt:
            arguments["negative_prompt"] = job.spec.negative_prompt
        return arguments | job.arguments


def packed_grid(job: Job, latents: torch.Tensor) -> torch.Tensor | None:
    """Lay latents out as (channels, frames, height, width) by their shape; none for a layout that is not known.

    Known are (1, channels, frames, height, width), (1, channels, height, width), and tokens of two by two latents as
    FLUX and its descendants pack them.
    """
    if latents.ndim == VIDEO_DIMENSIONS:
        return latents[0]
    if latents.ndim == IMAGE_DIMENSIONS:
        return latents[0].unsqueeze(1)
    side = 2 * int(getattr(job.pipeline, "vae_scale_factor", 0))
    if latents.ndim != PACKED_DIMENSIONS or not side:
        return None
    rows, columns = job.spec.height // side, job.spec.width // side
    if latents.shape[1] != rows * columns or latents.shape[2] % 4:
        return None
    tokens = latents[0].reshape(rows, columns, -1, 2, 2).permute(2, 0, 3, 1, 4)
    return tokens.reshape(-1, 1, 2 * rows, 2 * columns)
