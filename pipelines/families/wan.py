"""Wan 2.1 and 2.2: text or image to video, one expert or two."""

from __future__ import annotations

from typing import Any, ClassVar

import torch

from pipelines.families.base import Job, Output, StagedFamily
from pipelines.families.frames import to_frames
from pipelines.families.wan_vae import decode_streaming


class Wan(StagedFamily):
    """Any pipeline of the Wan family in diffusers."""

    name: ClassVar[str] = "wan"

    def encode(self, job: Job) -> dict[str, Any]:
        """See :meth:`StagedFamily.encode`."""
        arguments = {"prompt_embeds": self._embed(job, job.spec.prompt)}
        if job.spec.guidance > 1:
            arguments["negative_prompt_embeds"] = self._embed(job, job.spec.negative_prompt)
        return arguments

    def call_arguments(self, job: Job) -> dict[str, Any]:
        """See :meth:`StagedFamily.call_arguments`."""
        arguments = super().call_arguments(job)
        if job.pipeline.config.boundary_ratio is not None and job.spec.guidance_2 is not None:
            arguments["guidance_scale_2"] = job.spec.guidance_2
        return arguments

    def decode(self, job: Job, latents: tuple[torch.Tensor, ...]) -> Output:
        """Yield frames while the VAE goes on; no more than one latent frame is held as pixels."""
        done = 0
        for pixels in decode_streaming(job.pipeline.vae, latents[0]):
            yield from to_frames(pixels, job.spec.model, done + 1)
            done += pixels.shape[1]

    def grid(self, job: Job, latents: torch.Tensor) -> torch.Tensor | None:  # noqa: ARG002 - part of the interface
        """Wan's latents lie as they are needed."""
        return latents[0]

    def _embed(self, job: Job, text: str) -> torch.Tensor:
        # One prompt at a time: encoding two together changes the last bits.
        embeddings: torch.Tensor
        embeddings, _ = job.pipeline.encode_prompt(
            text, do_classifier_free_guidance=False, max_sequence_length=job.argument("max_sequence_length")
        )
        return embeddings
