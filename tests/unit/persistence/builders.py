"""Clips, sounds, spools and specs for tests of what is kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from persistence.spool import SpoolReader, SpoolWriter
from reelfleet.contract.output import OutputOptions
from reelfleet.contract.spec import GenerationSpec

WIDTH, HEIGHT, FRAMES, FPS = 64, 48, 9, 8.0
RATE = 24_000
JOB_ID = "0123456789abcdef0123456789abcdef"


def clip(width: int = WIDTH, height: int = HEIGHT, count: int = FRAMES) -> np.ndarray:
    """Smooth, saturated gradients that move: (count, height, width, 3), uint8."""
    y, x = np.mgrid[0:height, 0:width]
    frames = [
        np.stack(
            [x * 255 / max(width - 1, 1), y * 255 / max(height - 1, 1), (x + y + 4 * number) * 255 / (width + height + 4 * count)], axis=-1
        )
        for number in range(count)
    ]
    return np.stack(frames).astype(np.uint8)


def tone(seconds: float = FRAMES / FPS, channels: int = 2, rate: int = RATE) -> np.ndarray:
    """440 Hz on every channel: (samples, channels), float32."""
    wave = 0.5 * np.sin(2 * np.pi * 440 * np.arange(int(seconds * rate)) / rate)
    return np.repeat(wave[:, None], channels, axis=1).astype(np.float32)


def spool(folder: Path, frames: np.ndarray | None = None, *, fps: float | None = FPS, sound: np.ndarray | None = None) -> SpoolReader:
    frames = clip() if frames is None else frames
    with SpoolWriter(folder) as writer:
        writer.begin_frames(frames.shape[2], frames.shape[1], fps)
        for frame in frames:
            writer.write_frame(frame)
        if sound is not None:
            writer.write_audio(sound, RATE)
    return SpoolReader(folder)


def spec(**changes) -> GenerationSpec:
    output = changes.pop("output", {})
    fields = {
        "model": "tiny-wan",
        "family": "wan",
        "modality": "video",
        "prompt": "a red kite",
        "negative_prompt": "",
        "width": WIDTH,
        "height": HEIGHT,
        "frames": FRAMES,
        "fps": FPS,
        "steps": 2,
        "guidance": 5.0,
        "seed": 2**63 + 1,
        "metadata_mode": "metadata",
        "output": OutputOptions(**output),
    }
    return GenerationSpec(**{**fields, **changes})


def image_spec(**changes) -> GenerationSpec:
    return spec(**{"modality": "image", "frames": 1, "fps": None, **changes})
