"""Wan 2.1 and 2.2: text or image to video, one expert or two."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import torch

from pipelines.families.base import Audio, Job, StagedFamily
from pipelines.families.frames import to_frames
from pipelines.families.wan_vae import decode_streaming
from pipelines.signatures import call_default
from pipelines.spooling import Frame


class Wan(StagedFamily):
    """Any pipeline of the Wan family in diffusers."""

    name: ClassVar[str] = "wan"

    def encode(self, job: Job) -> dict[str, Any]:
        """See :meth:`StagedFamily.encode`."""
        length = job.arguments.get("max_sequence_length", call_default(job.pipeline, "max_sequence_length"))
        arguments = {"prompt_embeds": self._embed(job, job.spec.prompt, length)}
        if job.spec.guidance > 1:
            arguments["negative_prompt_embeds"] = self._embed(job, job.spec.negative_prompt, length)
        return arguments

    def call_arguments(self, job: Job) -> dict[str, Any]:
        """See :meth:`StagedFamily.call_arguments`."""
        spec = job.spec
        arguments: dict[str, Any] = {
            "height": spec.height,
            "width": spec.width,
            "num_frames": spec.frames,
            "num_inference_steps": spec.steps,
            "guidance_scale": spec.guidance,
        }
        if job.pipeline.config.boundary_ratio is not None and spec.guidance_2 is not None:
            arguments["guidance_scale_2"] = spec.guidance_2
        names = job.entry.pipeline.input_arguments
        return arguments | {names[field]: image for field, image in job.images.items()}

    def decode(self, job: Job, latents: Any) -> Iterator[Frame | Audio]:
        """Yield frames while the VAE goes on; no more than one latent frame is held as pixels."""
        done = 0
        for pixels in decode_streaming(job.pipeline.vae, latents):
            yield from to_frames(pixels, job.spec.model, done + 1)
            done += pixels.shape[1]

    def grid(self, job: Job, latents: torch.Tensor) -> torch.Tensor | None:  # noqa: ARG002 - part of the interface
        """Wan's latents lie as they are needed."""
        return latents[0]

    def _embed(self, job: Job, text: str, length: int) -> torch.Tensor:
        # One prompt at a time: encoding two together changes the last bits.
        embeddings, _ = job.pipeline.encode_prompt(text, do_classifier_free_guidance=False, max_sequence_length=length)
        result: torch.Tensor = embeddings
        return result
