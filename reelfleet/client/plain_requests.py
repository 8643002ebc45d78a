"""Requests as they are given in Python, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from reelfleet.contract.errors import InvalidRequest
from reelfleet.contract.matte_request import MASK_FIELD
from reelfleet.contract.request import AnyRequest


def plain_request(request: AnyRequest | Mapping[str, Any] | None, fields: Mapping[str, Any], *, kind: str | None = None) -> dict[str, Any]:
    """Return a request as data that may still name local files.

    Args:
        request: a whole one; or None, and its fields.
        fields: by name. Values may be models of the contract. In a matting, ``mask`` is short for the mask of the first frame.
        kind: what it has to ask for; None leaves that to the request.

    Raises:
        InvalidRequest: when a request and fields, or ``mask`` and ``masks`` are given, or the request is of another kind.
    """
    if request is not None and fields:
        raise InvalidRequest.of([{"field": name, "problem": "give a whole request or its fields, not both"} for name in sorted(fields)])
    whole = fields if request is None else request
    if isinstance(whole, BaseModel):
        data = whole.model_dump(mode="json")
    else:
        data = {name: value.model_dump(mode="json") if isinstance(value, BaseModel) else value for name, value in whole.items()}
    if kind is None:
        return data
    if data.setdefault("kind", kind) != kind:
        text = f"{repr(data['kind'])[:60]}: Fleet.{kind} makes jobs of kind {kind!r}; Fleet.submit takes every kind"
        raise InvalidRequest.of([{"field": "kind", "problem": text}])
    return _with_short_mask(data) if kind == "matte" else data


def _with_short_mask(data: dict[str, Any]) -> dict[str, Any]:
    mask = data.pop("mask", None)
    if mask is None:
        return data
    if MASK_FIELD in data:
        raise InvalidRequest.of([{"field": "mask", "problem": f"give mask or {MASK_FIELD}, not both"}])
    return {**data, MASK_FIELD: [{"mask": mask}]}
