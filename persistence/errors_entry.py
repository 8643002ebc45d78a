"""What is kept in the store about an attempt that failed; it names no artifacts."""

from __future__ import annotations

from datetime import UTC, datetime

from reelfleet.contract.base import Frozen
from reelfleet.contract.errors import WireError
from reelfleet.contract.request import AnyRequest
from reelfleet.store import Store
from reelfleet.store.keys import error_key


class ErrorEntry(Frozen):
    """One failed attempt."""

    schema_version: int = 1
    job_id: str
    attempt: int
    fence: int
    error: WireError
    request: AnyRequest
    created: datetime


def write_error_entry(
    store: Store, *, job_id: str, fence: int, attempt: int, error: WireError, request: AnyRequest, created: datetime | None = None
) -> str:
    """Write ``errors/<job_id>/<fence>.json`` and return its URI.

    Raises:
        DiskFull, StoreUnavailable: when it cannot be written.
    """
    entry = ErrorEntry(job_id=job_id, attempt=attempt, fence=fence, error=error, request=request, created=created or datetime.now(UTC))
    key = error_key(job_id, fence)
    # Not canonical JSON: an error's details may hold numbers that canonical JSON refuses.
    store.put_bytes(key, entry.model_dump_json().encode(), media_type="application/json")
    return store.uri(key)
