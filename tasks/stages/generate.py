"""generate (gpu): load or reuse the warm model and generate frames into the spool of this host."""

from __future__ import annotations

import logging
from pathlib import Path

from persistence.spool import SpoolWriter
from reelfleet.contract.errors import BrokerUnavailable
from reelfleet.contract.names import Stage, host_queue
from reelfleet.contract.spec import GenerationSpec
from reelfleet.resolution import resolve
from tasks.checkpoints.finding import find_checkpoint
from tasks.process import WorkerProcess
from tasks.stages.context import StageContext, spool_root
from tasks.stages.handover import hand_on

logger = logging.getLogger(__name__)

GIB = 1024**3


def generate_frames(context: StageContext) -> None:
    """Run the stage; the frames wait in the spool for the deliver stage on the same host."""
    process = context.process
    spec = _spec_of(context)
    folder = context.spool_folder()
    spool = SpoolWriter(folder)
    try:
        inputs = _fetch_inputs(context, spec, folder)
        resume = find_checkpoint(process, context.job, folder, context.observer.note)
        report = process.engine.generate(spec, inputs, spool, context.observer, resume=resume)
        spool.close()
    finally:
        _look_for_leaks(process)
        _tell_warm_models(context)
    hand_on(
        context,
        stage=Stage.DELIVER,
        queue=host_queue(process.identity.host),
        host=process.identity.host,
        spool=str(folder.relative_to(spool_root(process))),
        report=report.model_dump_json(),
    )


def _look_for_leaks(process: WorkerProcess) -> None:
    leaked = process.engine.leaked_bytes()
    if leaked:
        process.spent = f"{leaked / GIB:.1f} GiB of the device's memory did not come back"
        logger.error("%s; this process ends before the next job", process.spent)


def _spec_of(context: StageContext) -> GenerationSpec:
    if context.job.spec is not None:
        return context.job.spec
    spec = resolve(context.job.request, context.card())
    context.process.ledger.jobs.keep_spec(context.lease, spec)
    return spec


def _fetch_inputs(context: StageContext, spec: GenerationSpec, folder: Path) -> dict[str, Path]:
    paths: dict[str, Path] = {}
    for field, item in spec.inputs.items():
        paths[field] = folder / "inputs" / field
        paths[field].parent.mkdir(parents=True, exist_ok=True)
        context.process.store.get_file(item.key, paths[field])
    return paths


def _tell_warm_models(context: StageContext) -> None:
    process = context.process
    try:
        process.ledger.workers.set_warm(process.identity.name, process.engine.warm_models)
    except BrokerUnavailable as error:
        logger.info("the fleet was not told which models are warm: %s", error.message)
