"""What is wrong with data that anybody may have written, one problem a field."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import ValidationError

Problem = dict[str, str]
"""``{"field": …, "problem": …}``"""

LATER = {
    "loras": "LoRA adapters",
    "lora": "LoRA adapters",
    "prompt_enhancer": "the prompt enhancer",
}
"""Fields of later work: refused by name."""


class Problems(ValueError):
    """Several things that are wrong with one object; a validator raises it so that each keeps the field it belongs to."""

    def __init__(self, problems: Iterable[tuple[str, str]]) -> None:
        """Take ``(field, problem)`` of each; fields are named as seen from the object."""
        self.problems = tuple(problems)
        super().__init__("; ".join(f"{field}: {text}" for field, text in self.problems))


def problems_of(error: ValidationError) -> list[Problem]:
    """Return a validation error as a list of problems, each at its own field."""
    problems: list[Problem] = []
    for item in error.errors(include_url=False, include_input=False):
        place = [str(part) for part in item["loc"]]
        cause = item.get("ctx", {}).get("error")
        if isinstance(cause, Problems):
            problems += [{"field": ".".join((*place, field)), "problem": text} for field, text in cause.problems]
            continue
        field = ".".join(place) or "request"
        text = _unknown_field(field, error.title) if item["type"] == "extra_forbidden" else item["msg"].removeprefix("Value error, ")
        problems.append({"field": field, "problem": text})
    return problems


def _unknown_field(field: str, schema: str) -> str:
    if field in LATER:
        return f"this version of reelfleet does not do {LATER[field]} yet; leave the field out"
    return f"no such field; `reel schema {schema}` lists the fields"
