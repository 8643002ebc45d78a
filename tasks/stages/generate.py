"""generate (gpu): load or reuse the warm model and generate frames into the spool of this host."""

from __future__ import annotations

from persistence.spool import SpoolWriter
from reelfleet.contract.errors import Internal
from reelfleet.contract.request import GenerateRequest
from reelfleet.contract.spec import GenerationSpec
from reelfleet.resolution import resolve
from tasks.checkpoints.finding import find_checkpoint
from tasks.stages.context import StageContext
from tasks.stages.device import fetch_inputs, look_for_leaks, tell_warm_models
from tasks.stages.handover import hand_to_delivery


def generate_frames(context: StageContext) -> None:
    """Run the stage; the frames wait in the spool for the deliver stage on the same host."""
    process = context.process
    spec = _spec_of(context)
    folder = context.spool_folder()
    spool = SpoolWriter(folder)
    try:
        inputs = fetch_inputs(context, spec.inputs, folder)
        resume = find_checkpoint(process, context.job, folder, context.observer.note)
        report = process.engine.generate(spec, inputs, spool, context.observer, resume=resume)
        spool.close()
    finally:
        look_for_leaks(process)
        tell_warm_models(process)
    hand_to_delivery(context, folder, report)


def _spec_of(context: StageContext) -> GenerationSpec:
    known, request = context.job.spec, context.job.request
    if isinstance(known, GenerationSpec):
        return known
    if not isinstance(request, GenerateRequest):
        raise Internal(f"job {context.job.job_id} reached generate and asks for no generation")
    spec = resolve(request, context.card())
    context.process.ledger.jobs.keep_spec(context.lease, spec)
    return spec
