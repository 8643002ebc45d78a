"""The bare loop: what somebody writes who needs the results of one model on one machine and nothing else.

``python -m benchmarks.bare WORKLOAD FOLDER BUCKET`` loads the model, then reads lists of seeds from standard input, one JSON
list a line, and answers each with one line of JSON: the seconds that the jobs took and the hash of each one's pixels.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import boto3
import diffusers
import numpy as np
import torch

from benchmarks.workloads import OUTPUT, PROMPT, WORKLOADS, Workload
from persistence.content_hash import FrameHash
from persistence.spool import Frame
from persistence.writers.image import IMAGE_WRITERS, MEDIA_TYPES, SUFFIXES
from persistence.writers.video import VideoJob, write_video
from persistence.writers.video_encoders import MEDIA_TYPES as VIDEO_MEDIA_TYPES

THREADS = 1


class BareLoop:
    """A loaded pipeline, a folder for files and a bucket."""

    def __init__(self, workload: Workload, weights: Path, bucket: str) -> None:
        self._workload, self._bucket = workload, bucket
        self._pipeline = diffusers.DiffusionPipeline.from_pretrained(str(weights), torch_dtype=torch.float32, local_files_only=True)
        self._pipeline.set_progress_bar_config(disable=True)
        self._s3 = boto3.client("s3")
        self._encode: Callable[[Path, Any], tuple[Path, str]] = self._encode_image if workload.fps is None else self._encode_clip

    def run(self, seeds: list[int]) -> dict[str, Any]:
        """Make one result per seed; return ``seconds`` by part and altogether, and ``content``, a hash per seed."""
        parts = dict.fromkeys(("generate", "encode", "hash", "upload"), 0.0)
        content: dict[str, str] = {}
        began = time.perf_counter()
        with TemporaryDirectory() as folder:
            for seed in seeds:
                content[str(seed)] = self._one(seed, Path(folder), parts)
        return {"seconds": time.perf_counter() - began, "parts": parts, "content": content}

    def _one(self, seed: int, folder: Path, parts: dict[str, float]) -> str:
        marks = [time.perf_counter()]
        frames = self._generate(seed)
        marks.append(time.perf_counter())
        path, media_type = self._encode(folder / str(seed), frames)
        marks.append(time.perf_counter())
        pixels = FrameHash()
        for _ in pixels.over(frames):
            pass
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        marks.append(time.perf_counter())
        self._s3.upload_file(str(path), self._bucket, f"bare/{digest}", ExtraArgs={"ContentType": media_type})
        marks.append(time.perf_counter())
        path.unlink()
        for part, seconds in zip(parts, np.diff(marks), strict=True):
            parts[part] += float(seconds)
        return pixels.hexdigest()

    def _generate(self, seed: int) -> list[Frame]:
        asked = self._workload
        arguments = {
            "prompt": PROMPT,
            "height": asked.height,
            "width": asked.width,
            "num_inference_steps": asked.steps,
            "guidance_scale": asked.guidance,
            "generator": torch.Generator("cpu").manual_seed(seed),
            "output_type": "np",
        }
        is_image = asked.fps is None
        unit = self._pipeline(**arguments).images if is_image else self._pipeline(**arguments, num_frames=asked.frames).frames[0]
        return [np.ascontiguousarray((frame * 255).round().astype(np.uint8)) for frame in unit]

    def _encode_image(self, stem: Path, frames: list[Frame]) -> tuple[Path, str]:
        path = stem.with_suffix(SUFFIXES[OUTPUT.image_format])
        IMAGE_WRITERS[OUTPUT.image_format](path, frames[0], OUTPUT.image_quality, None)
        return path, MEDIA_TYPES[OUTPUT.image_format]

    def _encode_clip(self, stem: Path, frames: list[Frame]) -> tuple[Path, str]:
        path = stem.with_suffix(f".{OUTPUT.container.value}")
        job = VideoJob(self._workload.width, self._workload.height, self._workload.fps or 0.0, OUTPUT)
        write_video(path, job, frames, lambda _: None)
        return path, VIDEO_MEDIA_TYPES[OUTPUT.container]


def main() -> None:
    """Serve one parent process until it closes its end."""
    name, weights, bucket = sys.argv[1:]
    torch.set_num_threads(THREADS)
    loop = BareLoop(WORKLOADS[name], Path(weights), bucket)
    for line in sys.stdin:
        sys.stdout.write(json.dumps(loop.run(json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
