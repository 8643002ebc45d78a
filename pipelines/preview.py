"""A small picture of how far a generation is, made from its latents without the VAE.

The direction in which the latents vary most becomes brightness, the next two become tints. That is cheap, needs no
table per model, and shows shapes and motion; colours are not those of the result.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image

from pipelines.step_control import Step

MAX_BYTES = 64 * 1024
MAX_FRAMES = 4
FRAME_SIDE = 192
"""Pixels of a frame's longer side."""
QUALITIES = (80, 60, 40, 20)
RGB = 3
KEPT_SHARE = 0.98
"""Of the values that are within the picture's range, so that a few outliers do not grey out the rest."""
TINY_RANGE = 1e-6
MIX = ((0.8, 0.5, 0.0), (0.8, -0.3, -0.3), (0.8, 0.0, 0.5))
"""The strongest direction is brightness, the next two are tints."""


class Preview(NamedTuple):
    """An encoded picture."""

    data: bytes
    media_type: str


def render_preview(step: Step, grid: Callable[[torch.Tensor], torch.Tensor | None]) -> Preview | None:
    """Return a WebP of at most 64 KiB: up to four frames of the clip side by side, in order of time.

    Args:
        step: a complete denoise step.
        grid: lays latents out as (channels, frames, height, width); ``None`` when it cannot, and then there is no preview.
    """
    latents = grid(clean_estimate(step))
    if latents is None:
        return None
    picked = torch.linspace(0, latents.shape[1] - 1, min(MAX_FRAMES, latents.shape[1])).round().long()
    frames = latents[:, picked.to(latents.device)].detach().to("cpu", torch.float32)
    return encode_preview(_strip(_colours(frames)))


def clean_estimate(step: Step) -> torch.Tensor:
    """Return what the latents would be with all remaining noise removed along the prediction; early steps are mostly noise otherwise."""
    scheduler = step.scheduler
    flow = scheduler.config.get("prediction_type", "flow_prediction") == "flow_prediction"
    index, sigmas = getattr(scheduler, "step_index", None), getattr(scheduler, "sigmas", None)
    if not flow or index is None or sigmas is None or index >= len(sigmas) or step.prediction.shape != step.latents.shape:
        return step.latents
    return step.latents - float(sigmas[index]) * step.prediction.to(step.latents.dtype)


def _colours(frames: torch.Tensor) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Return (frames, height, width, 3) in 8 bits from latents (channels, frames, height, width)."""
    channels = frames.shape[0]
    values = frames.reshape(channels, -1)
    centred = values - values.mean(dim=1, keepdim=True)
    if channels > RGB:
        _, vectors = torch.linalg.eigh(centred @ centred.T)
        axes = vectors[:, -RGB:].flip(1)
        # An eigenvector's sign is arbitrary; without a rule, colours would flip between previews.
        axes = axes * torch.where(axes.sum(dim=0) < 0, -1.0, 1.0)
        centred = axes.T @ centred
    elif channels < RGB:
        centred = centred[:1].expand(RGB, -1)
    strongest = torch.quantile(centred.abs().max(dim=0).values, KEPT_SHARE).clamp(min=TINY_RANGE)
    rgb = torch.tensor(MIX) @ (centred / strongest)
    bytes_ = (rgb.clamp(-1, 1) * 127.5 + 127.5).to(torch.uint8)
    return bytes_.reshape(RGB, *frames.shape[1:]).permute(1, 2, 3, 0).contiguous().numpy()


def _strip(frames: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> Image.Image:
    height, width = frames.shape[1:3]
    scale = FRAME_SIDE / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    strip = Image.new("RGB", (size[0] * len(frames), size[1]))
    for index, frame in enumerate(frames):
        strip.paste(Image.fromarray(frame).resize(size, Image.Resampling.BICUBIC), (index * size[0], 0))
    return strip


def encode_preview(image: Image.Image) -> Preview:
    """Return a picture as a WebP of at most 64 KiB, made smaller if it must be."""
    for quality in QUALITIES:
        buffer = io.BytesIO()
        image.save(buffer, "WEBP", quality=quality)
        if buffer.tell() <= MAX_BYTES:
            return Preview(buffer.getvalue(), "image/webp")
    return encode_preview(image.resize((max(1, image.width // 2), max(1, image.height // 2))))
