"""Canonical JSON (RFC 8785) and the hashes made of it.

``json.dumps(sort_keys=True)`` is not RFC 8785: number and string forms differ. A stored document is
verified by hashing the stored bytes, never by serialising it again.
"""

from __future__ import annotations

import hashlib
from typing import Any

import rfc8785
from pydantic import BaseModel


def canonical_bytes(document: BaseModel | dict[str, Any]) -> bytes:
    """Return the RFC 8785 form of a model or of plain JSON data.

    Raises:
        rfc8785.CanonicalizationError: for NaN, infinities and integers beyond 2**53 - 1 (seeds are strings for that reason).
    """
    data = document.model_dump(mode="json") if isinstance(document, BaseModel) else document
    return rfc8785.dumps(data)


def canonical_sha256(document: BaseModel | dict[str, Any]) -> str:
    """Return the lower-case hexadecimal SHA-256 of the canonical form."""
    return hashlib.sha256(canonical_bytes(document)).hexdigest()
