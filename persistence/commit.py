"""The commit: one manifest per job, written last, once, whatever dies and whoever races."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from reelfleet.contract.errors import CommitConflict, InputMissing
from reelfleet.store import Store
from reelfleet.store.keys import manifest_key

MEDIA_TYPE = "application/vnd.in-toto+json"


@dataclass(frozen=True)
class CommitOutcome:
    """The manifest that stands."""

    uri: str
    manifest_bytes: bytes
    won: bool
    """Whether it is the one that this caller brought."""


def commit_manifest(
    store: Store, manifest_bytes: bytes, *, job_id: str, decide: Callable[[bytes], bytes], conditional: bool
) -> CommitOutcome:
    """Commit a job.

    First the ledger decides which attempt's bytes stand; every caller then writes those very bytes, so that a winner that
    died in between is completed by the next. Where the store has conditional writes, the store is asked to refuse a second
    manifest as well.

    Args:
        store: where the artifacts already lie.
        manifest_bytes: what this attempt would commit.
        job_id: whose job.
        decide: keeps the first bytes that it is ever given for the job and returns those.
        conditional: whether :meth:`Store.probe_conditional` was true.

    Raises:
        CommitConflict: when another manifest lies there already; it stands. ``details`` tell which.
        StoreUnavailable: when the store fails through every retry.
    """
    decided = decide(manifest_bytes)
    key = manifest_key(job_id)
    stored = _put_conditionally(store, key, decided) if conditional else _put_if_missing(store, key, decided)
    if stored != decided:
        raise CommitConflict(
            f"job {job_id} is committed with another manifest, which stands: {store.uri(key)}",
            details={"manifest_uri": store.uri(key), "manifest_sha256": hashlib.sha256(stored).hexdigest()},
        )
    return CommitOutcome(uri=store.uri(key), manifest_bytes=decided, won=decided == manifest_bytes)


def _put_conditionally(store: Store, key: str, decided: bytes) -> bytes:
    if store.put_if_absent(key, decided, media_type=MEDIA_TYPE):
        return decided
    return store.get_bytes(key)  # refused: another's, or our own whose answer was lost


def _put_if_missing(store: Store, key: str, decided: bytes) -> bytes:
    try:
        return store.get_bytes(key)
    except InputMissing:
        store.put_bytes(key, decided, media_type=MEDIA_TYPE)
        return decided
