"""LTX-2: text or image to video with sound."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import torch

from pipelines.families.base import Audio, Job, Output
from pipelines.families.ltx import Ltx


class Ltx2(Ltx):
    """Pipelines of LTX-2 in diffusers; they make sound in the same loop, on a scheduler of its own."""

    name: ClassVar[str] = "ltx2"

    def guided(self, job: Job) -> bool:
        """Whether guidance of the picture or of the sound uses a negative prompt."""
        return super().guided(job) or (job.argument("audio_guidance_scale") or 0) > 1

    def decode(self, job: Job, latents: tuple[torch.Tensor, ...]) -> Output:
        """Yield the frames, then the sound."""
        video, audio = latents
        yield from self.decode_pixels(job, *self.decode_noise(job, video))
        yield self._sound(job.pipeline, audio)

    def decode_noise(self, job: Job, latents: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
        """As for LTX-Video; but this pipeline returns its latents denormalised and mixes noise into normalised ones."""
        pipeline = job.pipeline
        if not pipeline.vae.config.timestep_conditioning:
            return latents, None
        statistics = self._statistics(pipeline)
        normalised = pipeline._normalize_latents(latents, *statistics)  # noqa: SLF001 - the pipeline's own methods
        mixed, timestep = super().decode_noise(job, normalised.to(pipeline.text_encoder.dtype))
        return pipeline._denormalize_latents(mixed, *statistics), timestep  # noqa: SLF001 - as above

    def _sound(self, pipeline: Any, latents: torch.Tensor) -> Audio:
        with torch.no_grad():
            spectrogram = pipeline.audio_vae.decode(latents.to(pipeline.audio_vae.dtype), return_dict=False)[0]
            wave = pipeline.vocoder(spectrogram)[0]
        samples = np.ascontiguousarray(wave.float().cpu().numpy().T)
        return Audio(samples=samples, sample_rate=int(pipeline.vocoder.config.output_sampling_rate))
