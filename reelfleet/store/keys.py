"""Keys: their rules, and the layout that the whole fleet agrees on (``docs/architecture/50-results.md``)."""

from __future__ import annotations

MAX_KEY_BYTES = 1024

INPUTS = "inputs"
JOBS = "jobs"
ERRORS = "errors"
HISTORY = "manifests/run_history.jsonl"
SCRATCH = ".reel"
"""Below it lie probes only, each removed at once."""


def check_key(key: str) -> str:
    """Return ``key`` if it is one.

    Raises:
        ValueError: for an empty, absolute or over-long key, an empty part, ``.`` or ``..``, a backslash, or characters that cannot be printed.
    """
    if not key or len(key.encode()) > MAX_KEY_BYTES:
        raise ValueError(f"a store key has 1 to {MAX_KEY_BYTES} bytes, not {len(key.encode())}")
    if not key.isprintable() or "\\" in key:
        raise ValueError(f"control characters and backslashes are not allowed in a store key: {key!r}")
    if any(part in {"", ".", ".."} for part in key.split("/")):
        raise ValueError(f"a store key is relative and has no empty part, no '.' and no '..': {key!r}")
    return key


def check_prefix(prefix: str) -> str:
    """Return ``prefix`` without a trailing slash if it is empty or made of whole key parts.

    Raises:
        ValueError: as :func:`check_key`.
    """
    bare = prefix.removesuffix("/")
    return check_key(bare) if bare else ""


def input_key(sha256: str) -> str:
    """Return where an input with this hash lies."""
    return f"{INPUTS}/{sha256}"


def attempt_prefix(job_id: str, fence: int) -> str:
    """Return the prefix that only the holder of this fence writes to."""
    return f"{JOBS}/{job_id}/attempts/{fence}"


def manifest_key(job_id: str) -> str:
    """Return where the commit of a job lies."""
    return f"{JOBS}/{job_id}/manifest.json"


def is_manifest_key(key: str) -> bool:
    """Return whether a key is the commit of some job."""
    return key.startswith(f"{JOBS}/") and key.endswith("/manifest.json") and key.count("/") == 2  # noqa: PLR2004 - jobs / id / manifest.json


def error_key(job_id: str, fence: int) -> str:
    """Return where the failure of an attempt is told."""
    return f"{ERRORS}/{job_id}/{fence}.json"
