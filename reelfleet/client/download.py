"""Bringing artifacts home: names are not trusted, hashes are checked before a file appears."""

from __future__ import annotations

import errno
import hashlib
import re
import secrets
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from reelfleet.contract.errors import DiskFull, InputUnreadable, InvalidConfig

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from reelfleet.contract.manifest import Artifact
    from reelfleet.store import Store

MANIFEST_NAME = "manifest.json"
_UNWANTED = re.compile(r"[\x00-\x1f\x7f-\x9f]")
DISK_FULL_ERRNOS = frozenset({errno.ENOSPC, errno.EDQUOT})


def safe_name(name: str, *, taken: Iterable[str] = ()) -> str:
    """Return a plain file name for what a manifest calls ``name``: the last part of a path, never hidden, never one that is taken."""
    plain = _UNWANTED.sub("_", re.split(r"[/\\]", name)[-1]).lstrip(".") or "artifact"
    busy = {other.casefold() for other in (*taken, MANIFEST_NAME)}
    candidate, stem, suffix, number = plain, Path(plain).stem, Path(plain).suffix, 2
    while candidate.casefold() in busy:
        candidate, number = f"{stem}-{number}{suffix}", number + 1
    return candidate


def download_verified(store: Store, artifact: Artifact, path: Path) -> Path:
    """Write an artifact to ``path``, under a ``.part`` name until its hash was checked.

    Raises:
        InputUnreadable: when the stored bytes are not those that the manifest lists; nothing is left behind.
        DiskFull: when the disk has no room for it.
        InvalidConfig: when the file cannot be written there.
        InputMissing, StoreUnavailable: from the store.
    """
    with _appearing_whole(path) as part:
        try:
            store.get_file(artifact.key, part)
        except ValueError as error:
            raise InputUnreadable(f"the manifest names a key that no store has: {error}", details={"key": artifact.key}) from error
        _check(artifact, part)
    return path


def write_file(path: Path, data: bytes) -> None:
    """Write a small file so that it appears whole; raises as :func:`download_verified` does."""
    with _appearing_whole(path) as part:
        part.write_bytes(data)


@contextmanager
def _appearing_whole(path: Path) -> Iterator[Path]:
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield part
        part.replace(path)
    except OSError as error:
        if error.errno in DISK_FULL_ERRNOS:
            raise DiskFull(f"no room to write {path}; free some space") from error
        raise InvalidConfig(f"{path} cannot be written: {error.strerror or error}; choose another folder") from error
    finally:
        # The folder may be a file, or gone: then there is no part to remove.
        with suppress(OSError):
            part.unlink(missing_ok=True)


def _check(artifact: Artifact, path: Path) -> None:
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != artifact.sha256:
        raise InputUnreadable(
            f"{artifact.key} was changed after it was delivered: its SHA-256 is {found}, the manifest says {artifact.sha256}; nothing was kept of it",
            details={"key": artifact.key, "expected": artifact.sha256, "found": found},
        )
