"""Seeds: 64 bits, a string in JSON.

JSON numbers are doubles to most readers (RFC 8785 §3.2.2.3), which hold 53 bits; a seed needs all 64.
"""

from __future__ import annotations

import secrets
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema

SEED_BITS = 64
SEED_MAX = 2**SEED_BITS - 1


def _parse_seed(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("a seed is a whole number or its decimal string, not a boolean")  # noqa: TRY004 - pydantic reports ValueError
    if isinstance(value, str):
        text = value.strip()
        if not text.removeprefix("-").isascii() or not text.removeprefix("-").isdigit():
            raise ValueError("a seed is a whole number from 0 to 18446744073709551615, or -1 to draw one")
        return int(text)
    return value


def _parse_optional_seed(value: Any) -> Any:
    parsed = _parse_seed(value)
    return None if parsed == -1 else parsed


_SCHEMA = {"type": "string", "pattern": "^[0-9]{1,20}$", "description": "64-bit unsigned seed as a decimal string"}

Seed = Annotated[
    int,
    BeforeValidator(_parse_seed),
    Field(ge=0, le=SEED_MAX),
    PlainSerializer(str, return_type=str, when_used="json"),
    WithJsonSchema(_SCHEMA),
]
"""An unsigned 64-bit seed; read from an integer or a decimal string, written as a string in JSON."""

RequestedSeed = Annotated[
    Annotated[int, Field(ge=0, le=SEED_MAX)] | None,
    BeforeValidator(_parse_optional_seed),
    PlainSerializer(lambda seed: None if seed is None else str(seed), return_type=str | None, when_used="json"),
    WithJsonSchema({"anyOf": [{"type": "string", "pattern": "^(-1|[0-9]{1,20})$"}, {"type": "integer", "minimum": -1}, {"type": "null"}]}),
]
"""A seed that may be left open: ``None`` and ``-1`` both mean *draw one at submit and record it*."""


def draw_seed() -> int:
    """Return a fresh seed from the operating system's entropy."""
    return secrets.randbits(SEED_BITS)
