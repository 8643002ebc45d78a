"""Whether the fleet takes a request: by its form, by its models' limits, by who is there to run it."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from reelfleet.contract.errors import ContractMismatch, InvalidRequest, NoWorker, QuotaExceeded, UnknownModel
from reelfleet.contract.kinds import DOES, kind_of
from reelfleet.contract.matting_card import AnyCard
from reelfleet.contract.problems import Problem
from reelfleet.contract.request import AnyRequest, parse_request
from reelfleet.model_checks import Need, find_misfits, find_model_problems, fitting_names, misfit_problem, needs_of

if TYPE_CHECKING:
    from reelfleet.ledger import Ledger

_PLACEHOLDERS: dict[str, dict[str, Any]] = {
    "generate": {"prompt": "placeholder"},
    "matte": {"source": "s3://placeholder/source", "masks": [{"mask": "s3://placeholder/mask"}]},
}
"""Values for what a request of a kind must have, so that the rest of one can be read without them."""


@dataclass(frozen=True)
class Admission:
    """A request that the fleet takes, and the published card of its model (none if nobody published it)."""

    request: AnyRequest
    card: AnyCard | None


def admit(ledger: Ledger, request_data: Any, *, queue_anyway: bool = False, max_open_jobs: int, job_id: str | None = None) -> Admission:
    """Read a request from plain data and decide whether the fleet takes it now.

    A request whose idempotency key or job id has led to a job before is taken whoever is alive: it leads to that job again.

    Args:
        ledger: where catalogue, workers and open jobs are known.
        request_data: a request or plain JSON data.
        queue_anyway: take it although no living worker serves its models, or nobody published them.
        max_open_jobs: how many jobs of one tenant may be open.
        job_id: the id that the job shall have, if one was chosen.

    Raises:
        InvalidRequest: with every problem of form and of the models' limits at once.
        UnknownModel: naming models whose names are close.
        NoWorker: when no living worker serves the model, or another one that the request needs.
        QuotaExceeded: when the tenant has as many open jobs as it may have.
    """
    admission = check(ledger, request_data, unknown_model_allowed=queue_anyway)
    request = admission.request
    if ledger.jobs.submitted_as(job_id=job_id, tenant=request.tenant, idempotency_key=request.idempotency_key) is not None:
        return admission
    unserved = [] if queue_anyway else [need.model for need in needs_of(request) if not ledger.workers.serving(need.model)]
    if unserved:
        raise NoWorker(
            f"no living worker serves {' nor '.join(unserved)}; start one that does, or submit with queue_anyway (--queue-anyway) to let the job wait",
            details={"model": unserved[0], "models": unserved},
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
        InvalidRequest: with every problem of form and of the models' limits at once.
        UnknownModel: naming models whose names are close.
        NoWorker: when no worker has published a catalogue yet, so that the models cannot be checked.
    """
    data = request_data.model_dump(mode="json") if isinstance(request_data, BaseModel) else request_data
    try:
        request = parse_request(data)
    except ContractMismatch:
        raise
    except InvalidRequest as error:
        raise InvalidRequest.of(_all_problems(ledger, data, error.details["problems"])) from error
    needs = needs_of(request)
    cards = _cards(ledger, needs)
    unknown = [need for need in needs if need.model not in cards]
    if unknown and not unknown_model_allowed:
        raise _no_such_model(unknown, ledger.models.all())
    problems = _problems(ledger, request, cards)
    if problems:
        raise InvalidRequest.of(problems)
    return Admission(request, cards.get(request.model))


def close_names(name: str, known: Collection[str]) -> list[str]:
    """Return up to three known names that ``name`` may have meant, the closest first."""
    return difflib.get_close_matches(name, known, n=3, cutoff=0.5)


def _cards(ledger: Ledger, needs: Sequence[Need]) -> dict[str, AnyCard]:
    found = {need.model: ledger.models.get(need.model) for need in needs}
    return {name: card for name, card in found.items() if card is not None}


def _problems(ledger: Ledger, request: AnyRequest, cards: dict[str, AnyCard]) -> list[Problem]:
    misfits = find_misfits(needs_of(request), cards)
    known = {card.name: card for card in ledger.models.all()} if misfits else {}
    return [*(misfit_problem(misfit, known) for misfit in misfits), *find_model_problems(request, cards)]


def _no_such_model(unknown: Sequence[Need], known: Sequence[AnyCard]) -> UnknownModel | NoWorker:
    names = [need.model for need in unknown]
    if not known:
        return NoWorker(
            f"no worker has published its models yet, so {' and '.join(names)} cannot be checked; "
            "start a worker, or submit with queue_anyway (--queue-anyway)",
            details={"model": names[0], "models": names},
        )
    told = "; ".join(_unknown_text(need, known) for need in unknown)
    close = close_names(names[0], fitting_names(unknown[0], known))
    return UnknownModel(f"{told}; `reel models` lists them all", details={"model": names[0], "models": names, "close": close})


def _unknown_text(need: Need, known: Sequence[AnyCard]) -> str:
    fitting = fitting_names(need, known)
    close = close_names(need.model, fitting)
    hint = f"did you mean {' or '.join(close)}?" if close else f"of what {DOES[need.kind]} there are {', '.join(fitting) or 'none'}"
    return f"no catalogue names the model {need.model!r}; {hint}"


def _all_problems(ledger: Ledger, data: Any, form_problems: list[Problem]) -> list[Problem]:
    """Add to the problems of form what else is wrong, as far as the rest of the request can be read without the fields that have them."""
    reported = {problem["field"].split(".")[0] for problem in form_problems}
    if not isinstance(data, dict) or reported & {"model", "kind"}:
        return form_problems
    readable = {field: value for field, value in data.items() if field not in reported}
    try:
        request = parse_request({**_PLACEHOLDERS[kind_of(data) or ""], **readable})
    except InvalidRequest as error:
        return [*form_problems, *error.details["problems"]]
    needs = needs_of(request)
    cards = _cards(ledger, needs)
    unknown = [need for need in needs if need.model not in cards]
    known = ledger.models.all() if unknown else []
    unknown_problems = [{"field": need.field, "problem": _unknown_text(need, known)} for need in unknown if known]
    found = [*unknown_problems, *_problems(ledger, request, cards)]
    return form_problems + [problem for problem in found if problem["field"].split(".")[0] not in reported]
