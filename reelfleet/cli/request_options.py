"""Options that name a request's fields.

Values are handed on as they were typed: the contract reads them, so that one error lists every problem.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Field:
    """An option and the place in a request that it fills."""

    flag: str
    metavar: str
    """Empty for a switch."""
    text: str
    at: str = ""
    """Place in the request, such as ``output.container``; empty: the option's own name."""
    several: bool = False
    means: bool = True
    """What a switch sets."""

    @property
    def name(self) -> str:
        """The argument that the command gets."""
        return self.flag.removeprefix("--").replace("-", "_")

    @property
    def place(self) -> tuple[str, ...]:
        """The names on the way to the place in the request."""
        return tuple((self.at or self.name).split("."))


def request_options(*tables: Iterable[Field]) -> Callable[[F], F]:
    """Add an option for every field of the tables; the command gets them as keyword arguments for :func:`fields_of`."""

    def add(command: F) -> F:
        for field in reversed([field for table in tables for field in table]):
            if field.metavar:
                command = click.option(field.flag, metavar=field.metavar, help=field.text, multiple=field.several)(command)
            else:
                command = click.option(field.flag, is_flag=True, help=field.text)(command)
        return command

    return add


def fields_of(options: dict[str, Any], *tables: Iterable[Field]) -> dict[str, Any]:
    """Return the options of the tables that were given, as fields of a request."""
    fields: dict[str, Any] = {}
    for field, value in _given(options, tables):
        *way, last = field.place
        inner = fields
        for part in way:
            inner = inner.setdefault(part, {})
        inner[last] = list(value) if field.several else value if field.metavar else field.means
    return fields


def parameters_of(texts: Iterable[str]) -> dict[str, Any]:
    """Return engine parameters that were typed as ``KEY=JSON``; text without quotes is taken as text.

    Raises:
        click.UsageError: for one of another form.
    """
    return dict(_parameter(text) for text in texts)


def _given(options: dict[str, Any], tables: Iterable[Iterable[Field]]) -> Iterator[tuple[Field, Any]]:
    for table in tables:
        for field in table:
            value = options.get(field.name)
            if value not in (None, (), False):
                yield field, value


def _parameter(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise click.UsageError(f"--param {text!r}: write KEY=JSON, such as --param flow_shift=5.0")
    try:
        return name, json.loads(value)
    except ValueError:
        # Text without quotes is what people type.
        return name, value
