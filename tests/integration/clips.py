"""Clips and masks that tests of matting make."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image, ImageDraw

RATE = 48_000


def picture(number: int, size: tuple[int, int]) -> np.ndarray:
    """A textured picture in which a disc moves to the right, uint8 (height, width, 3)."""
    width, height = size
    y, x = np.mgrid[0:height, 0:width]
    rgb = np.stack([(x * 5 + y * 3 * (channel + 1) + number * 4) % 256 for channel in range(3)], axis=-1).astype(np.uint8)
    disc = (x - width // 3 - number) ** 2 + (y - height // 2) ** 2 < (height // 4) ** 2
    rgb[disc] = (220, 40, 60)
    return rgb


def disc_mask(size: tuple[int, int]) -> Image.Image:
    """A mask of the disc in picture 0."""
    width, height = size
    mask = Image.new("L", size)
    radius = height // 4
    ImageDraw.Draw(mask).ellipse((width // 3 - radius, height // 2 - radius, width // 3 + radius, height // 2 + radius), fill=255)
    return mask


def write_clip(path: Path, *, size: tuple[int, int], frames: int, fps: int, beep: bool = False) -> Path:
    """A clip of :func:`picture`, with a tone on a track of sound if asked for."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=fps)
        video.width, video.height, video.pix_fmt = *size, "yuv444p"
        sound = container.add_stream("aac", rate=RATE, layout="mono") if beep else None
        for number in range(frames):
            frame = av.VideoFrame.from_ndarray(picture(number, size), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, fps)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        if sound is not None:
            tone = np.sin(np.arange(RATE * frames // fps) * 2 * np.pi * 440 / RATE).astype(np.float32)[None]
            frame = av.AudioFrame.from_ndarray(tone, format="fltp", layout="mono")
            frame.sample_rate, frame.pts = RATE, 0
            container.mux(sound.encode(frame))
            container.mux(sound.encode(None))
    return path
