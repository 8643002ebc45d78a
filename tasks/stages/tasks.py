"""The Celery tasks of the stages. Their names are stable across deployments; a ticket is ``(job_id, stage)``."""

from __future__ import annotations

from typing import Any

from reelfleet.contract.names import Stage, TaskName
from tasks.app import app
from tasks.stages.run import run_stage


@app.task(name=TaskName.PREPARE.value, bind=True, ignore_result=True)
def prepare(self: Any, job_id: str, stage: str = Stage.PREPARE.value) -> str:  # noqa: ARG001 - a ticket names its stage
    """Fetch and check inputs, and resolve the request."""
    from tasks.stages.prepare import prepare_inputs  # noqa: PLC0415 - media libraries load in the pool's child, not in the parent

    return run_stage(self, job_id, Stage.PREPARE, prepare_inputs)


@app.task(name=TaskName.GENERATE.value, bind=True, ignore_result=True)
def generate(self: Any, job_id: str, stage: str = Stage.GENERATE.value) -> str:  # noqa: ARG001 - as above
    """Generate frames into the spool."""
    from tasks.stages.generate import generate_frames  # noqa: PLC0415 - torch loads in the pool's child, not in the parent

    return run_stage(self, job_id, Stage.GENERATE, generate_frames)


@app.task(name=TaskName.MASK.value, bind=True, ignore_result=True)
def mask(self: Any, job_id: str, stage: str = Stage.MASK.value) -> str:  # noqa: ARG001 - as above
    """Make masks."""
    from tasks.stages.mask import make_masks  # noqa: PLC0415 - torch loads in the pool's child, not in the parent

    return run_stage(self, job_id, Stage.MASK, make_masks)


@app.task(name=TaskName.MATTE.value, bind=True, ignore_result=True)
def matte(self: Any, job_id: str, stage: str = Stage.MATTE.value) -> str:  # noqa: ARG001 - as above
    """Matte into the spool."""
    from tasks.stages.matte import matte_source  # noqa: PLC0415 - torch loads in the pool's child, not in the parent

    return run_stage(self, job_id, Stage.MATTE, matte_source)


@app.task(name=TaskName.DELIVER.value, bind=True, ignore_result=True)
def deliver(self: Any, job_id: str, stage: str = Stage.DELIVER.value) -> str:  # noqa: ARG001 - as above
    """Encode, upload and commit."""
    from tasks.stages.deliver import deliver_result  # noqa: PLC0415 - media libraries load in the pool's child, not in the parent

    return run_stage(self, job_id, Stage.DELIVER, deliver_result)
