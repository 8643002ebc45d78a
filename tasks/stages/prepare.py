"""prepare (cpu): fetch the inputs, check them, copy them into the store under their hash, resolve the request."""

from __future__ import annotations

import tempfile
from pathlib import Path

from persistence.inputs import ingest
from reelfleet.contract.errors import FleetError, InputMissing, InputUnreadable, InvalidRequest
from reelfleet.contract.job import Phase
from reelfleet.contract.names import Stage, gpu_queue
from reelfleet.contract.spec import ResolvedInput
from reelfleet.resolution import find_problems, resolve
from tasks.stages.context import StageContext, spool_root
from tasks.stages.handover import hand_on


def prepare_inputs(context: StageContext) -> None:
    """Run the stage.

    Raises:
        InvalidRequest, InputMissing, InputUnreadable: with everything that is wrong with the request and its inputs.
    """
    request, card = context.job.request, context.card()
    problems = find_problems(request, card)
    if problems:
        raise InvalidRequest.of(problems)
    inputs = _ingest_all(context)
    spec = resolve(request, card, inputs)
    context.process.ledger.jobs.keep_spec(context.lease, spec)
    hand_on(context, stage=Stage.GENERATE, queue=gpu_queue(request.model))


def _ingest_all(context: StageContext) -> dict[str, ResolvedInput]:
    process, uris = context.process, context.job.request.input_uris()
    found: dict[str, ResolvedInput] = {}
    errors: list[FleetError] = []
    context.observer.phase(Phase.FETCH, len(uris))
    root = spool_root(process)
    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="inputs-", dir=root) as folder:
        for count, (field, uri) in enumerate(uris.items(), start=1):
            try:
                found[field] = ingest(field, uri, store=process.store, settings=process.settings, folder=Path(folder))
            except (InputMissing, InputUnreadable) as error:
                errors.append(error)
            context.observer.advance(count, len(uris))
    if len(errors) > 1:
        raise type(errors[0])("; ".join(error.message for error in errors), details={"problems": [error.details for error in errors]})
    if errors:
        raise errors[0]
    return found
