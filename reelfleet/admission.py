"""Whether the fleet takes a request: by its form, by its model's limits, by who is there to run it."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from reelfleet.contract.errors import ContractMismatch, InvalidRequest, NoWorker, QuotaExceeded, UnknownModel
from reelfleet.contract.request import GenerateRequest, parse_request
from reelfleet.resolution import find_problems

if TYPE_CHECKING:
    from collections.abc import Collection

    from reelfleet.contract.model_card import ModelCard
    from reelfleet.ledger import Ledger

Problem = dict[str, str]
_PLACEHOLDER = "placeholder"


@dataclass(frozen=True)
class Admission:
    """A request that the fleet takes, and the published card of its model (none if nobody published it)."""

    request: GenerateRequest
    card: ModelCard | None


def admit(ledger: Ledger, request_data: Any, *, queue_anyway: bool = False, max_open_jobs: int, job_id: str | None = None) -> Admission:
    """Read a request from plain data and decide whether the fleet takes it now.

    A request whose idempotency key or job id has led to a job before is taken whoever is alive: it leads to that job again.

    Args:
        ledger: where catalogue, workers and open jobs are known.
        request_data: a request or plain JSON data.
        queue_anyway: take it although no living worker serves its model, or nobody published the model.
        max_open_jobs: how many jobs of one tenant may be open.
        job_id: the id that the job shall have, if one was chosen.

    Raises:
        InvalidRequest: with every problem of form and of the model's limits at once.
        UnknownModel: naming models whose names are close.
        NoWorker: when no living worker serves the model.
        QuotaExceeded: when the tenant has as many open jobs as it may have.
    """
    admission = check(ledger, request_data, unknown_model_allowed=queue_anyway)
    request = admission.request
    if ledger.jobs.submitted_as(job_id=job_id, tenant=request.tenant, idempotency_key=request.idempotency_key) is not None:
        return admission
    if not queue_anyway and not ledger.workers.serving(request.model):
        raise NoWorker(
            f"no living worker serves {request.model}; start one that does, or submit with queue_anyway (--queue-anyway) to let the job wait",
            details={"model": request.model},
        )
    is_open = ledger.jobs.open_count(request.tenant)
    if is_open >= max_open_jobs:
        raise QuotaExceeded(
            f"tenant {request.tenant} has {is_open} open jobs and may have {max_open_jobs}; wait for some to finish, or abort some",
            details={"tenant": request.tenant, "open": is_open, "limit": max_open_jobs},
        )
    return admission


def check(ledger: Ledger, request_data: Any, *, unknown_model_allowed: bool = False) -> Admission:
    """Check a request against the contract and the published catalogue; who is alive plays no part.

    Raises:
        InvalidRequest: with every problem of form and of the model's limits at once.
        UnknownModel: naming models whose names are close.
        NoWorker: when no worker has published a catalogue yet, so that the model cannot be checked.
    """
    data = request_data.model_dump(mode="json") if isinstance(request_data, BaseModel) else request_data
    try:
        request = parse_request(data)
    except ContractMismatch:
        raise
    except InvalidRequest as error:
        raise InvalidRequest.of(_all_problems(ledger, data, error.details["problems"])) from error
    card = ledger.models.get(request.model)
    if card is None:
        if not unknown_model_allowed:
            raise _no_such_model(request.model, [known.name for known in ledger.models.all()])
        return Admission(request, None)
    problems = find_problems(request, card)
    if problems:
        raise InvalidRequest.of(problems)
    return Admission(request, card)


def close_names(name: str, known: Collection[str]) -> list[str]:
    """Return up to three known names that ``name`` may have meant, the closest first."""
    return difflib.get_close_matches(name, known, n=3, cutoff=0.5)


def _no_such_model(name: str, known: list[str]) -> UnknownModel | NoWorker:
    if not known:
        return NoWorker(
            f"no worker has published its models yet, so {name} cannot be checked; start a worker, or submit with queue_anyway (--queue-anyway)",
            details={"model": name},
        )
    close = close_names(name, known)
    return UnknownModel(f"{_unknown_text(name, close)}; `reel models` lists them all", details={"model": name, "close": close})


def _unknown_text(name: str, close: list[str]) -> str:
    return f"no catalogue names the model {name!r}" + (f"; did you mean {' or '.join(close)}?" if close else "")


def _all_problems(ledger: Ledger, data: Any, form_problems: list[Problem]) -> list[Problem]:
    """Add to the problems of form what the model could not do, as far as the rest of the request can be read."""
    reported = {problem["field"].split(".")[0] for problem in form_problems}
    if not isinstance(data, dict) or "model" in reported:
        return form_problems
    readable = {field: value for field, value in data.items() if field not in reported}
    try:
        request = parse_request({"prompt": _PLACEHOLDER, **readable})
    except InvalidRequest:
        return form_problems
    card = ledger.models.get(request.model)
    if card is None:
        known = [other.name for other in ledger.models.all()]
        return (
            [*form_problems, {"field": "model", "problem": _unknown_text(request.model, close_names(request.model, known))}]
            if known
            else form_problems
        )
    return form_problems + [problem for problem in find_problems(request, card) if problem["field"].split(".")[0] not in reported]
