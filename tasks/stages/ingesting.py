"""Brings a request's inputs into the store, and tells of all that are wrong at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from persistence.inputs import ingest
from reelfleet.contract.errors import FleetError, InputMissing, InputUnreadable
from reelfleet.contract.job import Phase
from reelfleet.contract.resolved_input import ResolvedInput
from tasks.stages.context import StageContext, spool_root


@contextmanager
def ingested(context: StageContext) -> Iterator[tuple[dict[str, ResolvedInput], Path]]:
    """Give every input of the job's request as it lies in the store, and a folder that holds each under its field's name for now.

    Raises:
        InputMissing, InputUnreadable: with everything that is wrong with the inputs.
    """
    process, uris = context.process, context.job.request.input_uris()
    context.observer.phase(Phase.FETCH, len(uris))
    root = spool_root(process)
    root.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="inputs-", dir=root) as name:
        folder = Path(name)
        found: dict[str, ResolvedInput] = {}
        errors: list[FleetError] = []
        for count, (field, uri) in enumerate(uris.items(), start=1):
            try:
                found[field] = ingest(field, uri, store=process.store, settings=process.settings, folder=folder)
            except (InputMissing, InputUnreadable) as error:
                errors.append(error)
            context.observer.advance(count, len(uris))
        raise_all(errors)
        yield found, folder


def raise_all(errors: Sequence[FleetError]) -> None:
    """Raise one error that says what all say; nothing for none."""
    if len(errors) > 1:
        raise type(errors[0])("; ".join(error.message for error in errors), details={"problems": [error.details for error in errors]})
    if errors:
        raise errors[0]
