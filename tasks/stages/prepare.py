"""prepare (cpu): fetch the inputs, check them, copy them into the store under their hash, resolve the request."""

from __future__ import annotations

from reelfleet.contract.errors import InvalidRequest
from reelfleet.contract.matte_request import FOLLOW_UP, MatteRequest
from reelfleet.contract.names import Stage, gpu_queue
from reelfleet.contract.request import GenerateRequest
from reelfleet.resolution import find_problems, resolve
from tasks.stages.context import StageContext
from tasks.stages.handover import hand_on
from tasks.stages.ingesting import ingested
from tasks.stages.prepare_matting import prepare_matting


def prepare_inputs(context: StageContext) -> None:
    """Run the stage.

    Raises:
        InvalidRequest, InputMissing, InputUnreadable: with everything that is wrong with the request and its inputs.
    """
    request = context.job.request
    if isinstance(request, MatteRequest):
        prepare_matting(context, request)
    else:
        _prepare_generation(context, request)


def _prepare_generation(context: StageContext, request: GenerateRequest) -> None:
    card = context.card()
    problems = find_problems(request, card)
    if problems:
        raise InvalidRequest.of(problems)
    with ingested(context) as (inputs, _):
        # Inputs of the job that follows are checked here, before a device is spent, and are no inputs of the generation.
        spec = resolve(request, card, {field: given for field, given in inputs.items() if not field.startswith(f"{FOLLOW_UP}.")})
    context.process.ledger.jobs.keep_spec(context.lease, spec)
    hand_on(context, stage=Stage.GENERATE, queue=gpu_queue(request.model))
