"""Names that other programs rely on: queues, tasks, control commands.

They are stable across deployments: a producer in another language knows only these strings.
"""

from __future__ import annotations

import re
from enum import StrEnum

CONTRACT_VERSION = 1
"""Raised when a change to the contract would make an older side misread a message."""

MODEL_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")

CPU_QUEUE = "reel.cpu"
PRIORITY_STEPS = (0, 3, 6, 9)
"""The priorities that Redis keeps apart; others fall to the next lower step. 0 is the highest."""


class Stage(StrEnum):
    """A part of a job's way that one Celery task runs."""

    #: Fetches and checks the inputs; a job without inputs skips it.
    PREPARE = "prepare"
    #: Loads the model, encodes the prompt, denoises and decodes into the spool.
    GENERATE = "generate"
    #: Makes masks of points, boxes or words; a matting that brings its masks skips it.
    MASK = "mask"
    #: Streams the source through a matting network; the alphas go into the spool.
    MATTE = "matte"
    #: Writes the media files, uploads them and commits the manifest.
    DELIVER = "deliver"


GPU_STAGES = frozenset({Stage.GENERATE, Stage.MASK, Stage.MATTE})
"""Stages that run on a device."""


class TaskName(StrEnum):
    """Celery task names."""

    #: Takes a request from any Celery client; the one task that answers.
    SUBMIT = "reel.submit"
    #: The ticket of the stage prepare.
    PREPARE = "reel.prepare"
    #: The ticket of the stage generate.
    GENERATE = "reel.generate"
    #: The ticket of the stage mask.
    MASK = "reel.mask"
    #: The ticket of the stage matte.
    MATTE = "reel.matte"
    #: The ticket of the stage deliver.
    DELIVER = "reel.deliver"


class Command(StrEnum):
    """Broadcast commands for ``celery -A tasks.app control|inspect``."""

    STATUS = "reel_status"
    PAUSE = "reel_pause"
    RESUME = "reel_resume"
    ABORT = "reel_abort"
    DRAIN = "reel_drain"


def task_name(stage: Stage) -> TaskName:
    """Return the name of the task that runs a stage."""
    return TaskName(f"reel.{stage.value}")


def main_stage(kind: str) -> Stage:
    """Return the stage that makes what a job of this kind delivers: ``generate`` or ``matte``."""
    return Stage(kind)


def unit_of(kind: str) -> str:
    """Return what the main stage of a job of this kind counts, and its checkpoints tell: denoise ``step`` or matted ``frame``."""
    return "frame" if main_stage(kind) is Stage.MATTE else "step"


def gpu_queue(model: str) -> str:
    """Return the queue of a model's GPU stage."""
    return f"reel.gpu.{model}"


def model_of_queue(queue: str) -> str:
    """Return the model whose GPU stage has this queue; the reverse of :func:`gpu_queue`."""
    return queue.removeprefix(gpu_queue(""))


def host_queue(host: str) -> str:
    """Return the queue of the cpu workers on one host, which alone can read that host's spool."""
    return f"{CPU_QUEUE}.{host}"
