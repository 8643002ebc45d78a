"""What a pipeline's call takes, read from its signature."""

from __future__ import annotations

import inspect
from typing import Any


def call_default(pipeline: Any, name: str) -> Any:
    """Return the default that a pipeline's call has for an argument.

    Raises:
        KeyError: when the call has no such argument.
    """
    return inspect.signature(type(pipeline).__call__).parameters[name].default
