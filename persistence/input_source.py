"""Where an input may be read from, and reading it from there."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

from reelfleet.contract.errors import InputMissing, InputUnreadable
from reelfleet.contract.inputs import check_input_uri
from reelfleet.store import Store, StoreRetry, open_store
from reelfleet.store.durable import part_beside
from reelfleet.store.file import FileStore, translated_os_errors

_CHUNK = 1024 * 1024


def fetch_input(uri: str, target: Path, *, store: Store, roots: Sequence[str], max_bytes: int, retry: StoreRetry) -> None:
    """Copy an input to ``target``, if it may be read at all.

    Args:
        uri: ``file://`` or ``s3://``.
        target: gets the bytes; a file there is replaced.
        store: the fleet's own store, whose objects may always be read.
        roots: ``file:///folder`` and ``s3://bucket/prefix`` that may be read as well.
        max_bytes: the largest input taken.
        retry: how long another store is asked.

    Raises:
        InputMissing: when it is outside of the roots, a link out of them, no file, or not there.
        InputUnreadable: when it is too large.
        StoreUnavailable, DiskFull: when the store or this machine's disk fails.
    """
    try:
        check_input_uri(uri)
    except ValueError as error:
        raise InputMissing(str(error)) from error
    if urlsplit(uri).scheme == "file":
        _fetch_file(Path(unquote(urlsplit(uri).path)), target, _file_roots(store, roots), max_bytes)
    else:
        _fetch_object(uri, target, _object_stores(store, roots, retry), max_bytes)


def _file_roots(store: Store, roots: Sequence[str]) -> list[Path]:
    own = [store.root] if isinstance(store, FileStore) else []
    return own + [Path(unquote(urlsplit(root).path)) for root in roots if root.startswith("file://")]


def _object_stores(store: Store, roots: Sequence[str], retry: StoreRetry) -> list[Store]:
    return [store, *(open_store(root, retry=retry) for root in roots if root.startswith("s3://"))]


def _fetch_file(path: Path, target: Path, roots: Sequence[Path], max_bytes: int) -> None:
    root = next((root for root in roots if path.is_relative_to(root)), None)
    if root is None:
        raise InputMissing(f"{path} is in none of the folders that may be read; add its folder to REEL_INPUT_ROOTS or use the store")
    real = Path(os.path.realpath(path))
    if not real.is_relative_to(os.path.realpath(root)):
        raise InputMissing(f"{path} is a symbolic link out of {root}, which is not followed")
    with _open_regular(real, path) as source:
        size = os.fstat(source.fileno()).st_size
        if size > max_bytes:
            raise _too_large(size, max_bytes)
        _copy(source, target, max_bytes)


def _open_regular(real: Path, path: Path) -> BinaryIO:
    """Open a file and nothing else: a pipe would block for ever, and a link put there a moment ago is not followed."""
    try:
        descriptor = os.open(real, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise InputMissing(f"{path} does not exist") from error
    except OSError as error:
        raise InputMissing(f"{path} may not be read by this worker: {error.strerror}") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise InputMissing(f"{path} is not a file")
    return os.fdopen(descriptor, "rb")


def _copy(source: BinaryIO, target: Path, max_bytes: int) -> None:
    copied = 0
    with translated_os_errors(str(target)), part_beside(target) as part:
        with part.open("wb") as writer:
            while chunk := source.read(_CHUNK):
                copied += len(chunk)
                if copied > max_bytes:  # it grows while it is read
                    raise _too_large(copied, max_bytes)
                writer.write(chunk)
        part.replace(target)


def _fetch_object(uri: str, target: Path, stores: Sequence[Store], max_bytes: int) -> None:
    for store in stores:
        key = store.key_of(uri)
        if key is None:
            continue
        found = store.stat(key)
        if found is None:
            raise InputMissing(f"{uri} does not exist")
        if found.bytes > max_bytes:
            raise _too_large(found.bytes, max_bytes)
        store.get_file(key, target)
        return
    raise InputMissing(f"{uri} is in no bucket that may be read; add it to REEL_INPUT_ROOTS or use the store")


def _too_large(size: int, max_bytes: int) -> InputUnreadable:
    return InputUnreadable(f"{size} bytes, and at most {max_bytes} are taken (REEL_MAX_INPUT_BYTES)")
