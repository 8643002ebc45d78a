"""What a pipeline's call takes, read from its signature."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any


def call_parameters(cls: type[Any]) -> Mapping[str, inspect.Parameter]:
    """Return the named parameters of a pipeline class' call."""
    return {name: parameter for name, parameter in inspect.signature(cls.__call__).parameters.items() if name != "self"}
