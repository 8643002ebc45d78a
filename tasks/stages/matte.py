"""matte (gpu): stream the source through the network; the alphas wait in the spool of this host."""

from __future__ import annotations

from persistence.alphas.writer import AlphaWriter
from reelfleet.contract.errors import Internal
from reelfleet.contract.matting_spec import MattingSpec
from tasks.checkpoints.finding import find_checkpoint
from tasks.checkpoints.places import segments_folder
from tasks.stages.context import StageContext
from tasks.stages.device import fetch_inputs, look_for_leaks, tell_warm_models
from tasks.stages.handover import hand_to_delivery


def matte_source(context: StageContext) -> None:
    """Run the stage."""
    process, job, lease = context.process, context.job, context.lease
    spec = job.spec
    if not isinstance(spec, MattingSpec):
        raise Internal(f"job {job.job_id} reached matte without its spec")
    folder = context.spool_folder()
    alphas = AlphaWriter(segments_folder(process.settings.spool_dir, job.job_id), prefix=lease.fence)
    try:
        inputs = fetch_inputs(context, spec.inputs, folder)
        resume = find_checkpoint(process, job, folder, context.observer.note)
        report = process.engine.matte(spec, inputs, alphas, context.observer, resume=resume)
        alphas.finish(folder, targets=spec.targets, size=(spec.width, spec.height), start=spec.start_frame, count=spec.frames)
    finally:
        alphas.release()
        look_for_leaks(process)
        tell_warm_models(process)
    hand_to_delivery(context, folder, report)
