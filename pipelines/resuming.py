"""Decides whether a job can be stored between two steps, and whether it goes on from a checkpoint."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

from pipelines.checkpoint import CheckpointRefused, Snapshot, step_of
from pipelines.checkpoint.fingerprint import fingerprint_of
from pipelines.checkpoint.obstacles import obstacle
from pipelines.checkpoint.run import Checkpoints
from pipelines.device import DeviceInfo
from pipelines.families.base import Job
from pipelines.loading import LoadedModel
from pipelines.torch_setup import torch_device

Start = Path | Snapshot
"""What a run goes on from: a file, or the state of an earlier try of the same job that is still in memory."""


def with_checkpoints(job: Job, model: LoadedModel, device: DeviceInfo, resume: Start | None) -> Job:
    """Return the job as it can be stored and goes on from a file; as it is if there is an obstacle.

    Raises:
        CheckpointRefused: when it should go on from a file and cannot.
    """
    reason = obstacle(model.entry, job.pipeline)
    if reason is not None:
        if resume is not None:
            raise CheckpointRefused(reason)
        return job
    fresh = Checkpoints(torch_device(device), (job.generator,), fingerprint_of(job, model, device))
    return dataclasses.replace(
        job, checkpoints=fresh if resume is None else fresh.going_on_from(resume if isinstance(resume, Snapshot) else Snapshot.load(resume))
    )


def resuming(run: Callable[[Start | None], None], resume: Start | None, note: Callable[[str], None]) -> None:
    """Run from a checkpoint, and from the beginning if it is refused.

    Args:
        run: goes on from the file that it is given; refuses before it made a frame.
        resume: the checkpoint, if there is one.
        note: told why a checkpoint was refused.
    """
    try:
        run(resume)
    except CheckpointRefused as refused:
        if resume is None:
            raise
        at = (resume.step, resume.of) if isinstance(resume, Snapshot) else step_of(resume)
        of_step = "" if at is None else f" of step {at[0]}/{at[1]}"
        note(f"the checkpoint{of_step} is refused: {refused}; the job starts over")
    else:
        return
    run(None)
