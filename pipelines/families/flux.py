"""FLUX.1: text to image."""

from __future__ import annotations

from typing import Any, ClassVar

import torch

from pipelines.families.base import Job, Output, StagedFamily
from pipelines.families.frames import to_frames


class Flux(StagedFamily):
    """Pipelines of FLUX.1 in diffusers. Guidance is an input of the network; a negative prompt needs ``true_cfg_scale``."""

    name: ClassVar[str] = "flux"

    def encode(self, job: Job) -> dict[str, Any]:
        """See :meth:`StagedFamily.encode`."""
        embeddings, pooled = self._embed(job, job.spec.prompt)
        arguments = {"prompt_embeds": embeddings, "pooled_prompt_embeds": pooled}
        if job.argument("true_cfg_scale") > 1:
            embeddings, pooled = self._embed(job, job.spec.negative_prompt)
            arguments |= {"negative_prompt_embeds": embeddings, "negative_pooled_prompt_embeds": pooled}
        return arguments

    def decode(self, job: Job, latents: tuple[torch.Tensor, ...]) -> Output:
        """Yield the one frame."""
        vae = job.pipeline.vae
        grid = self._unpacked(job, latents[0]) / vae.config.scaling_factor + vae.config.shift_factor
        with torch.no_grad():
            pixels = vae.decode(grid.to(vae.dtype), return_dict=False)[0]
        yield from to_frames(pixels[0].unsqueeze(1), job.spec.model)

    def grid(self, job: Job, latents: torch.Tensor) -> torch.Tensor | None:
        """See :meth:`StagedFamily.grid`."""
        return self._unpacked(job, latents)[0].unsqueeze(1)

    def _unpacked(self, job: Job, latents: torch.Tensor) -> torch.Tensor:
        pipeline, spec = job.pipeline, job.spec
        unpacked: torch.Tensor = pipeline._unpack_latents(  # noqa: SLF001 - the pipeline's own call does the same
            latents, spec.height, spec.width, pipeline.vae_scale_factor
        )
        return unpacked

    def _embed(self, job: Job, text: str) -> tuple[torch.Tensor, torch.Tensor]:
        embeddings, pooled, _ = job.pipeline.encode_prompt(text, max_sequence_length=job.argument("max_sequence_length"))
        return embeddings, pooled
