"""One fault: how it begins, how long it lasts, how it is healed, and whose attempts it may cost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.chaos.field import Field

EVERYBODY = frozenset({"*"})
NOBODY: frozenset[str] = frozenset()


def nothing() -> None:
    """Heal what is over as soon as it has happened."""


@dataclass(frozen=True)
class Act:
    """A fault that was drawn and is about to happen."""

    target: str
    begin: Callable[[], None]
    costs: frozenset[str] = NOBODY
    """Workers whose jobs may lose an attempt by it; :data:`EVERYBODY` for all."""
    lasts_s: float = 0.0
    heal: Callable[[], None] = nothing


Draw = Callable[["Field", Random], Act | None]
"""Chooses a target; ``None`` when there is none just now."""
