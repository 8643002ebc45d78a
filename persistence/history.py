"""Appending to the history of a file store."""

from __future__ import annotations

import fcntl
import json
import os

from reelfleet.store import Store
from reelfleet.store.file import FileStore, translated_os_errors
from reelfleet.store.history import history_record
from reelfleet.store.keys import HISTORY


def append_history(store: Store, manifest_bytes: bytes) -> None:
    """Append the record of a committed job under a lock; an S3 store has no such file, its manifests are the history.

    Raises:
        DiskFull, StoreUnavailable: when it cannot be written.
    """
    if not isinstance(store, FileStore):
        return
    line = json.dumps(history_record(store, manifest_bytes), ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode() + b"\n"
    path = store.root / HISTORY
    with translated_os_errors(str(path)):
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            size = file.seek(0, os.SEEK_END)
            if size and _last_byte(file.fileno(), size) != b"\n":
                line = b"\n" + line  # a writer died in the middle of its line
            file.write(line)
            file.flush()
            os.fsync(file.fileno())


def _last_byte(descriptor: int, size: int) -> bytes:
    return os.pread(descriptor, 1, size - 1)
