"""Refuses weights with holes: both libraries fill a missing tensor with random numbers and only log it."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager

from reelfleet.contract.errors import ModelLoadFailed

LIBRARIES = ("diffusers", "transformers")
TOLD = "newly initialized"
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
MISSING = re.compile(r"^(\S+) +\| MISSING", re.MULTILINE)
"""A line of transformers' table."""
LISTED = re.compile(r"newly initialized: \[(.*)\]")
"""The list at the end of diffusers' sentence."""
UNUSED = ("lm_head.",)
"""A language model's output layer, which a text encoder does not use."""


@contextmanager
def refusing_holes(model: str) -> Iterator[None]:
    """Raise after loading if a tensor of a component was not in its files.

    Raises:
        ModelLoadFailed: naming the tensors.
    """
    listener = _Listener()
    loggers = [logging.getLogger(name) for name in LIBRARIES]
    for logger in loggers:
        logger.addHandler(listener)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeHandler(listener)
    if listener.missing:
        raise ModelLoadFailed(
            f"{model}: {len(listener.missing)} weights are missing from its files and would be random: {', '.join(listener.missing[:5])}; "
            "fetch the model again",
            details={"model": model, "missing": listener.missing},
        )


class _Listener(logging.Handler):
    """Collects the names of missing weights from what the libraries log."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.missing: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        text = COLOURS.sub("", record.getMessage())
        if TOLD not in text:
            return
        names = MISSING.findall(text) + [name.strip(" '\"") for listed in LISTED.findall(text) for name in listed.split(",")]
        self.missing += [name for name in names if not name.startswith(UNUSED)]
