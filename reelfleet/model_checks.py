"""Which models a request needs, and what of it they cannot do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from reelfleet.contract.kinds import DOES
from reelfleet.contract.matte import MatteOptions
from reelfleet.contract.matte_request import FOLLOW_UP, MatteRequest
from reelfleet.contract.matting_card import AnyCard, MaskMakerCard, MattingCard
from reelfleet.contract.model_card import ModelCard
from reelfleet.contract.problems import Problem
from reelfleet.contract.request import AnyRequest, GenerateRequest
from reelfleet.matte_resolution import find_matte_problems, find_prompt_problems, find_size_problems, find_source_problems
from reelfleet.resolution import find_problems, wanted_frames, wanted_size


class Need(NamedTuple):
    """A model that a request needs."""

    field: str
    """The field that names it, or that could."""
    model: str
    kind: str
    """What it has to do, as the kind of a card."""


def needs_of(request: AnyRequest) -> tuple[Need, ...]:
    """Return every model that a request needs: what generates or mattes, what mattes afterwards, what makes masks."""
    if isinstance(request, MatteRequest):
        return tuple(_matting_needs(request, ""))
    follow_up = () if request.matte is None else _matting_needs(request.matte, f"{FOLLOW_UP}.")
    return Need("model", request.model, "generate"), *follow_up


def find_misfits(needs: Iterable[Need], cards: Mapping[str, AnyCard]) -> list[Need]:
    """Return the needs whose model is known to do something else."""
    return [need for need in needs if need.model in cards and cards[need.model].kind != need.kind]


def misfit_problem(misfit: Need, known: Mapping[str, AnyCard]) -> Problem:
    """Return the problem of a model that does something else than what it is named for; ``known`` are all cards by name."""
    fitting = ", ".join(fitting_names(misfit, known.values())) or "none"
    text = f"{misfit.model} {DOES[known[misfit.model].kind]}; of what {DOES[misfit.kind]} there are {fitting}"
    return {"field": misfit.field, "problem": text}


def fitting_names(need: Need, cards: Iterable[AnyCard]) -> list[str]:
    """Return the names of the models that do what is needed."""
    return [card.name for card in cards if card.kind == need.kind]


def find_model_problems(request: AnyRequest, cards: Mapping[str, AnyCard]) -> list[Problem]:
    """Return what the models of a request cannot do, as far as their cards are in ``cards`` and of the right kind."""
    if isinstance(request, MatteRequest):
        return list(_matting_problems(request, cards))
    card = cards.get(request.model)
    problems = find_problems(request, card) if isinstance(card, ModelCard) else []
    for problem in _follow_up_problems(request, cards):
        problems.append({**problem, "field": f"{FOLLOW_UP}.{problem['field']}"})
    return problems


def _matting_needs(options: MatteOptions, prefix: str) -> Iterator[Need]:
    yield Need(f"{prefix}model", options.model, "matte")
    if options.prompted:
        yield Need(f"{prefix}mask_model", options.mask_maker, "mask")


def _matting_problems(options: MatteOptions, cards: Mapping[str, AnyCard]) -> Iterator[Problem]:
    card = cards.get(options.model)
    if isinstance(card, MattingCard):
        yield from find_matte_problems(options, card)
    maker = cards.get(options.mask_maker) if options.prompted else None
    if isinstance(maker, MaskMakerCard):
        yield from find_prompt_problems(options, maker)


def _follow_up_problems(request: GenerateRequest, cards: Mapping[str, AnyCard]) -> Iterator[Problem]:
    """Yield what is wrong with the matting of a result, whose length and size are known before it is made."""
    matte, card = request.matte, cards.get(request.model)
    if matte is None:
        return
    yield from _matting_problems(matte, cards)
    if not isinstance(card, ModelCard):
        return
    size = wanted_size(request, card)
    yield from find_source_problems(matte, wanted_frames(request, card), size)
    matting_card = cards.get(matte.model)
    if matte.resize is None and isinstance(matting_card, MattingCard):
        yield from find_size_problems(matting_card, size)
