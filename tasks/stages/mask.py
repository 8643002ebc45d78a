"""mask (gpu): make masks of clicks, boxes and words, and keep them in the store as if they had been given."""

from __future__ import annotations

import hashlib

from persistence.alphas.segment import Alpha as Mask
from persistence.writers.image import MEDIA_TYPES
from persistence.writers.png import png_bytes
from reelfleet.contract.errors import Internal
from reelfleet.contract.matte_request import MASK_FIELD, SOURCE_FIELD
from reelfleet.contract.matting_spec import MattingSpec
from reelfleet.contract.names import Stage, gpu_queue
from reelfleet.contract.output import ImageFormat
from reelfleet.contract.resolved_input import ResolvedInput
from reelfleet.store import Store
from reelfleet.store.keys import input_key
from tasks.stages.context import StageContext, discard_spool
from tasks.stages.device import fetch_inputs, look_for_leaks, tell_warm_models
from tasks.stages.handover import hand_on

MEDIA_TYPE = MEDIA_TYPES[ImageFormat.PNG]


def make_masks(context: StageContext) -> None:
    """Run the stage. The spec is complete, and kept, when every mask lies in the store."""
    process, job = context.process, context.job
    draft = _draft_of(context)
    folder = context.spool_folder()
    try:
        inputs = fetch_inputs(context, {SOURCE_FIELD: draft.inputs[SOURCE_FIELD]}, folder)
        made = process.engine.make_masks(draft, inputs, context.observer)
    finally:
        look_for_leaks(process)
        tell_warm_models(process)
    kept = {f"{MASK_FIELD}.{index}": _keep(process.store, mask) for index, mask in made.items()}
    masks = tuple(
        mask if index not in made else mask.model_copy(update={"input": f"{MASK_FIELD}.{index}"}) for index, mask in enumerate(draft.masks)
    )
    spec = draft.model_copy(update={"masks": masks, "inputs": {**draft.inputs, **kept}})
    process.ledger.jobs.keep_spec(context.lease, spec)
    discard_spool(process, folder)
    hand_on(context, stage=Stage.MATTE, queue=gpu_queue(job.request.model))


def _draft_of(context: StageContext) -> MattingSpec:
    """Return what the stage prepare left: a spec in which masks are missing."""
    if context.job.report is None:
        raise Internal(f"job {context.job.job_id} reached mask without a draft of its spec")
    return MattingSpec.model_validate_json(context.job.report)


def _keep(store: Store, mask: Mask) -> ResolvedInput:
    data = png_bytes(mask)
    sha256 = hashlib.sha256(data).hexdigest()
    key = input_key(sha256)
    if store.stat(key) is None:
        store.put_bytes(key, data, media_type=MEDIA_TYPE)
    return ResolvedInput(uri=store.uri(key), key=key, sha256=sha256, bytes=len(data), media_type=MEDIA_TYPE)
