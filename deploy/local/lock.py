"""One fleet per folder: a lock that the kernel releases when its holder ends, however it ends."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from deploy.local.folder import FleetFolder
from reelfleet.contract.errors import InvalidConfig


@contextmanager
def only_fleet(folder: FleetFolder) -> Iterator[None]:
    """Hold the folder's lock; the file is gone afterwards.

    Raises:
        InvalidConfig: when another supervisor holds it.
    """
    with folder.lock.open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise InvalidConfig(
                f"a fleet is already up in {folder.path}; stop it with `python -m deploy.local down --dir {folder.path}`, or choose another --dir"
            ) from error
        try:
            yield
        finally:
            folder.lock.unlink(missing_ok=True)
