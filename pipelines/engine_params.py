"""Checks the further arguments of a pipeline's call against the types in its signature."""

from __future__ import annotations

import inspect
import json
import typing
from collections.abc import Mapping
from typing import Any

from pydantic import JsonValue, TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError

from config.catalogue import ModelEntry
from pipelines.signatures import call_parameters
from reelfleet.contract.errors import InvalidConfig, InvalidRequest

OURS = frozenset(
    {
        "prompt",
        "negative_prompt",
        "height",
        "width",
        "num_frames",
        "frame_rate",
        "num_inference_steps",
        "generator",
        "latents",
        "output_type",
        "return_dict",
        "callback_on_step_end",
        "callback_on_step_end_tensor_inputs",
    }
)
"""Arguments that the engine gives itself."""


def further_arguments(entry: ModelEntry, cls: type[Any], engine_params: Mapping[str, JsonValue]) -> dict[str, Any]:
    """Return the catalogue's arguments, replaced by the request's where it gives them, in the types that the call takes.

    Args:
        entry: the model.
        cls: the pipeline class whose call gets the arguments.
        engine_params: the request's; their names are those that the card allows.

    Raises:
        InvalidRequest: with every parameter of the request that the call cannot take.
        InvalidConfig: with every argument of the catalogue that the call cannot take.
    """
    fixed = {*OURS, *entry.pipeline.input_arguments.values(), entry.pipeline.guidance_argument}
    defaults, wrong = _checked(cls, entry.pipeline.arguments, fixed)
    if wrong:
        lines = "; ".join(f"pipeline.arguments.{name}: {problem}" for name, problem in wrong.items())
        raise InvalidConfig(f"{entry.name}.toml: {lines}", details={"model": entry.name, "problems": wrong})
    given, wrong = _checked(cls, engine_params, fixed)
    if wrong:
        raise InvalidRequest.of([{"field": f"engine_params.{name}", "problem": problem} for name, problem in wrong.items()])
    return defaults | given


def _checked(cls: type[Any], values: Mapping[str, JsonValue], fixed: set[str | None]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the values in their types, and what is wrong by name."""
    parameters, hints = call_parameters(cls), _hints(cls)
    good: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    for name, value in values.items():
        if name in fixed:
            wrong[name] = "has a field of its own in the request, or is the engine's business"
        elif name not in parameters:
            wrong[name] = f"{cls.__name__} takes no such argument"
        else:
            try:
                good[name] = _cast(hints.get(name, Any), value)
            except ValidationError as error:
                wrong[name] = "; ".join(item["msg"] for item in error.errors(include_url=False, include_input=False))
            except PydanticUserError:
                wrong[name] = f"{cls.__name__} takes no JSON value for it"
    return good, wrong


def _hints(cls: type[Any]) -> dict[str, Any]:
    try:
        return typing.get_type_hints(cls.__call__)
    except NameError:
        # An annotation that names something imported for type checkers alone; the others still help.
        return {name: hint for name, hint in inspect.get_annotations(cls.__call__).items() if not isinstance(hint, str)}


def _cast(hint: Any, value: JsonValue) -> Any:
    # From JSON, strictly: 1 is a float and [1] a tuple, but "1" and true are no numbers.
    return TypeAdapter(hint).validate_json(json.dumps(value), strict=True)
