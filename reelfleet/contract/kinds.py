"""Which of several forms a document has: its ``kind`` says so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

FIRST_KIND = "generate"
DOES = {"generate": "generates", "matte": "mattes", "mask": "makes masks"}
"""What a model does, by the kind of its card."""


def kind_of(document: Any) -> str | None:
    """Return a document's kind; one that tells none was written when there were only generations. None: it is no kind at all."""
    kind = document.get("kind", FIRST_KIND) if isinstance(document, Mapping) else getattr(document, "kind", None)
    return kind if isinstance(kind, str) else None
