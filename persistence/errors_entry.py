"""What is kept in the store about an attempt that failed; it names no artifacts."""

from __future__ import annotations

from datetime import UTC, datetime

from reelfleet.contract.canonical import canonical_bytes
from reelfleet.contract.errors import WireError
from reelfleet.contract.request import GenerateRequest
from reelfleet.store import Store
from reelfleet.store.keys import error_key

SCHEMA_VERSION = 1


def write_error_entry(
    store: Store, *, job_id: str, fence: int, attempt: int, error: WireError, request: GenerateRequest, created: datetime | None = None
) -> str:
    """Write ``errors/<job_id>/<fence>.json`` and return its URI.

    Raises:
        StoreUnavailable: when the store fails through every retry.
    """
    entry = {
        "schema_version": SCHEMA_VERSION,
        "job_id": job_id,
        "attempt": attempt,
        "fence": fence,
        "error": error.model_dump(mode="json"),
        "request": request.model_dump(mode="json"),
        "created": (created or datetime.now(UTC)).isoformat(),
    }
    key = error_key(job_id, fence)
    store.put_bytes(key, canonical_bytes(entry), media_type="application/json")
    return store.uri(key)
