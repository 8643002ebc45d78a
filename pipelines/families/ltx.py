"""LTX-Video: text or image to video."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from diffusers.utils.torch_utils import randn_tensor

from pipelines.families.base import Job, Output, StagedFamily
from pipelines.families.frames import to_frames

UNPACKED_DIMENSIONS = 5


class Ltx(StagedFamily):
    """Pipelines of LTX-Video in diffusers."""

    name: ClassVar[str] = "ltx"

    def encode(self, job: Job) -> dict[str, Any]:
        """See :meth:`StagedFamily.encode`."""
        embeddings, mask = self._embed(job, job.spec.prompt)
        arguments = {"prompt_embeds": embeddings, "prompt_attention_mask": mask}
        if self.guided(job):
            embeddings, mask = self._embed(job, job.spec.negative_prompt)
            arguments |= {"negative_prompt_embeds": embeddings, "negative_prompt_attention_mask": mask}
        return arguments

    def guided(self, job: Job) -> bool:
        """Whether guidance uses a negative prompt."""
        return job.spec.guidance > 1

    def decode(self, job: Job, latents: tuple[torch.Tensor, ...]) -> Output:
        """Decode the whole clip, which this VAE's attention to both sides asks for, then yield it frame by frame."""
        pipeline = job.pipeline
        grid = pipeline._denormalize_latents(  # noqa: SLF001 - the pipeline's own call does the same
            self._unpacked(job, latents[0]), *self._statistics(pipeline)
        ).to(pipeline.text_encoder.dtype)
        grid, timestep = self.decode_noise(job, grid)
        yield from self.decode_pixels(job, grid, timestep)

    def decode_noise(self, job: Job, latents: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Mix in the noise that a VAE with timestep conditioning takes out again; return latents and timestep."""
        if not job.pipeline.vae.config.timestep_conditioning:
            return latents, None
        noise = randn_tensor(latents.shape, generator=job.generator, device=latents.device, dtype=latents.dtype)
        timestep = _vector(job.argument("decode_timestep"), latents)
        given = job.argument("decode_noise_scale")
        scale = (timestep if given is None else _vector(given, latents))[:, None, None, None, None]
        return (1 - scale) * latents + scale * noise, timestep

    def decode_pixels(self, job: Job, latents: torch.Tensor, timestep: torch.Tensor | None) -> Output:
        """Yield the frames of denormalised latents (1, channels, frames, height, width)."""
        vae = job.pipeline.vae
        with torch.no_grad():
            pixels = vae.decode(latents.to(vae.dtype), timestep, return_dict=False)[0][0]
        yield from to_frames(pixels, job.spec.model)

    def grid(self, job: Job, latents: torch.Tensor) -> torch.Tensor | None:
        """See :meth:`StagedFamily.grid`; with a start image, the scheduler gets unpacked latents without the first frame."""
        return latents[0] if latents.ndim == UNPACKED_DIMENSIONS else self._unpacked(job, latents)[0]

    def _unpacked(self, job: Job, latents: torch.Tensor) -> torch.Tensor:
        pipeline, spec = job.pipeline, job.spec
        unpacked: torch.Tensor = pipeline._unpack_latents(  # noqa: SLF001 - the pipeline's own call does the same
            latents,
            (spec.frames - 1) // pipeline.vae_temporal_compression_ratio + 1,
            spec.height // pipeline.vae_spatial_compression_ratio,
            spec.width // pipeline.vae_spatial_compression_ratio,
            pipeline.transformer_spatial_patch_size,
            pipeline.transformer_temporal_patch_size,
        )
        return unpacked

    def _statistics(self, pipeline: Any) -> tuple[torch.Tensor, torch.Tensor, float]:
        return pipeline.vae.latents_mean, pipeline.vae.latents_std, pipeline.vae.config.scaling_factor

    def _embed(self, job: Job, text: str) -> tuple[torch.Tensor, torch.Tensor]:
        # One prompt at a time: encoding two together changes the last bits.
        embeddings, mask, _, _ = job.pipeline.encode_prompt(
            text, do_classifier_free_guidance=False, max_sequence_length=job.argument("max_sequence_length")
        )
        return embeddings, mask


def _vector(given: float | list[float], like: torch.Tensor) -> torch.Tensor:
    return torch.tensor(given if isinstance(given, list) else [given], device=like.device, dtype=like.dtype)
