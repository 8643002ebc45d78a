"""What a failed write means."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reelfleet.contract.errors import DiskFull, EncodeFailed, FleetError

NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT})


def write_error(path: Path, error: BaseException) -> FleetError:
    """Return (not raise) the typed error for a write to ``path`` that failed with ``error``."""
    if getattr(error, "errno", None) in NO_SPACE:
        return DiskFull(f"no space is left for {path}; free some", details={"path": str(path)})
    return EncodeFailed(f"{path.name} could not be written: {error}", details={"path": str(path), "error": type(error).__name__})


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn an ``OSError`` into ``DiskFull`` or ``EncodeFailed`` naming ``path``."""
    try:
        yield
    except OSError as error:
        raise write_error(path, error) from error
