"""File names of artifacts: telling, and safe whatever the model is called."""

from __future__ import annotations

import re
from pathlib import Path

_JOB_PART = 8
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST = 80


def artifact_stem(model: str, job_id: str) -> str:
    """Return ``<model>-<first part of the job id>``; prompts, tags and other free text never get into a name."""
    return f"{_safe(model)[:_LONGEST]}-{_safe(job_id)[:_JOB_PART]}"


def matte_stem(stem: str, target: str, targets: int) -> str:
    """Return the stem of one target's files: that of the job, with the target's name only where there are several."""
    return stem if targets == 1 else f"{stem}-{_safe(target)}"


def frame_member(number: int) -> str:
    """Return the name of a frame within an archive of frames, by its number in the source."""
    return f"frame-{number:06d}.png"


def sidecar_of(path: Path) -> Path:
    """Return where the sidecar of an artifact lies: ``clip.mp4.json`` beside ``clip.mp4``."""
    return path.with_name(f"{path.name}.json")


def _safe(text: str) -> str:
    return _UNSAFE.sub("-", text).strip(".-") or "x"
