"""Removing what killed writers left: ``.part`` files too old to be in use."""

from __future__ import annotations

import time
from pathlib import Path

from persistence.disk import writing
from reelfleet.store import Store
from reelfleet.store.durable import PART
from reelfleet.store.file import FileStore

STALE_S = 24 * 3600.0
"""Nothing that is written takes longer."""


def sweep_parts(folder: Path, *, older_than_s: float = STALE_S) -> list[Path]:
    """Remove the unfinished files at and below ``folder`` that nobody wrote to for ``older_than_s`` seconds; return them."""
    limit = time.time() - older_than_s
    gone: list[Path] = []
    with writing(folder):
        for part in sorted(folder.rglob(f"*{PART}")):
            try:
                if part.is_file() and part.stat().st_mtime <= limit:
                    part.unlink()
                    gone.append(part)
            except FileNotFoundError:
                continue  # its writer finished meanwhile
    return gone


def sweep_store(store: Store, *, older_than_s: float = STALE_S) -> list[Path]:
    """Do so in a file store; S3 never shows unfinished objects (uploads in parts that died are the bucket's lifecycle rule's to end)."""
    return sweep_parts(store.root, older_than_s=older_than_s) if isinstance(store, FileStore) else []
