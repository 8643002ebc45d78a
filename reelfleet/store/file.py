"""A store in a folder: the same layout as in S3, browsable."""

from __future__ import annotations

import errno
import hashlib
import mimetypes
import os
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

from reelfleet.contract.errors import DiskFull, FleetError, InputMissing, InputUnreadable, StoreUnavailable, Unsupported
from reelfleet.store import scratch
from reelfleet.store.durable import PART, flush_file, move_into_place, part_beside
from reelfleet.store.keys import check_key, check_prefix
from reelfleet.store.protocol import SMALL_OBJECT_BYTES, ObjectStat

NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT})
_NO_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})
_CHUNK = 1024 * 1024


class FileStore:
    """Objects as files below ``root``; see :class:`reelfleet.store.Store` for what each method promises.

    A write goes to a ``.part`` beside its place, is flushed and renamed; a conditional write is a hard link, which the
    kernel refuses when the name exists. Media types are guessed from names, since files keep none.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def url(self) -> str:
        """``file:///…``."""
        return self.root.as_uri()

    def put_file(self, key: str, path: Path, *, media_type: str, sha256: str | None = None) -> None:  # noqa: ARG002 - files keep no media type
        """Copy a file in; it is hashed on the way when a hash is given."""
        target = self._path(key)
        if not path.is_file():
            raise InputMissing(f"there is no file {path} to store", details={"key": key})
        with self._translated(key), part_beside(target) as part:
            if sha256 is None:
                shutil.copyfile(path, part)
            elif _copy_hashing(path, part) != sha256:
                raise StoreUnavailable(f"{path.name} changed while it was copied to {self.uri(key)}: its SHA-256 is not {sha256}")
            move_into_place(part, target)

    def put_bytes(self, key: str, data: bytes, *, media_type: str) -> None:  # noqa: ARG002 - as above
        """Write a small object."""
        target = self._path(key)
        with self._translated(key), part_beside(target) as part:
            part.write_bytes(data)
            move_into_place(part, target)

    def put_if_absent(self, key: str, data: bytes, *, media_type: str) -> bool:  # noqa: ARG002 - as above
        """Write a small object unless it exists; exactly one of any number of racing writers gets ``True``."""
        target = self._path(key)
        with self._translated(key), part_beside(target) as part:
            part.write_bytes(data)
            flush_file(part)
            try:
                os.link(part, target)
            except FileExistsError:
                return False
            except OSError as error:
                if error.errno in _NO_LINKS:
                    raise Unsupported(f"the filesystem of {self.url} has no hard links, so it has no conditional write") from error
                raise
            flush_file(target.parent)
            return True

    def get_bytes(self, key: str, *, max_bytes: int = SMALL_OBJECT_BYTES) -> bytes:
        """Read a small object."""
        with self.open(key) as file, self._translated(key):
            data = file.read(max_bytes + 1)
        if len(data) > max_bytes:
            raise InputUnreadable(f"{self.uri(key)} is larger than the {max_bytes} bytes that may be read at once")
        return data

    def get_file(self, key: str, path: Path) -> None:
        """Copy an object out."""
        with self.open(key) as source, translated_os_errors(str(path)), part_beside(path) as part:
            with part.open("wb") as target:
                shutil.copyfileobj(source, target, _CHUNK)
            move_into_place(part, path)

    def open(self, key: str) -> BinaryIO:
        """Open an object for reading."""
        path = self._path(key)
        try:
            return path.open("rb")
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
            raise InputMissing(f"{self.url} holds no {key!r}", details={"key": key}) from error
        except OSError as error:
            raise _unavailable(self.url, error) from error

    def stat(self, key: str) -> ObjectStat | None:
        """Return what is known of an object."""
        path = self._path(key)
        with self._translated(key):
            try:
                found = path.stat()
            except (FileNotFoundError, NotADirectoryError):
                return None
            if not path.is_file():
                return None
        modified = datetime.fromtimestamp(found.st_mtime, tz=UTC)
        return ObjectStat(bytes=found.st_size, modified=modified, media_type=mimetypes.guess_type(path.name)[0])

    def list(self, prefix: str) -> Iterator[str]:
        """Yield keys, folder by folder."""
        bare = check_prefix(prefix)
        start = self.root / bare if bare else self.root
        with self._translated(bare):
            if start.is_file():
                yield bare
                return
            for folder, folders, names in os.walk(start, onerror=_raise_unless_gone):
                folders.sort()
                for name in sorted(names):
                    if not name.endswith(PART):
                        yield (Path(folder) / name).relative_to(self.root).as_posix()

    def delete_prefix(self, prefix: str) -> int:
        """Remove objects and the folders that they leave empty."""
        bare = check_prefix(prefix)
        if not bare:
            raise ValueError("deleting needs a prefix; an empty one would empty the store")
        keys = list(self.list(bare))
        with self._translated(bare):
            for key in keys:
                self._path(key).unlink(missing_ok=True)
            _remove_empty_folders(self.root / bare)
        return len(keys)

    def uri(self, key: str) -> str:
        """Return the ``file://`` URI of a key."""
        return self._path(key).as_uri()

    def key_of(self, uri: str) -> str | None:
        """Return the key of a URI below the root."""
        parts = urlsplit(uri)
        if parts.scheme != "file" or parts.netloc not in {"", "localhost"}:
            return None
        try:
            return check_key(Path(unquote(parts.path)).relative_to(self.root).as_posix())
        except ValueError:
            return None

    def probe_conditional(self) -> bool:
        """Try it."""
        return scratch.probe_conditional(self)

    def check(self) -> None:
        """Try it."""
        scratch.check(self)

    def _path(self, key: str) -> Path:
        return self.root / check_key(key)

    def _translated(self, key: str) -> AbstractContextManager[None]:
        return translated_os_errors(f"{self.url}/{key}")


@contextmanager
def translated_os_errors(place: str) -> Iterator[None]:
    """Turn what the filesystem says about ``place`` into ``DiskFull`` or ``StoreUnavailable``."""
    try:
        yield
    except OSError as error:
        raise _unavailable(place, error) from error


def _unavailable(place: str, error: OSError) -> FleetError:
    if error.errno in NO_SPACE:
        return DiskFull(f"no space is left for {place}; free some", details={"place": place})
    return StoreUnavailable(f"{place} cannot be used: {error.strerror or error}", details={"place": place})


def _copy_hashing(source: Path, target: Path) -> str:
    digest = hashlib.sha256()
    with source.open("rb") as reader, target.open("wb") as writer:
        while chunk := reader.read(_CHUNK):
            digest.update(chunk)
            writer.write(chunk)
    return digest.hexdigest()


def _raise_unless_gone(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error


def _remove_empty_folders(folder: Path) -> None:
    """Remove empty folders at and below ``folder``; those above stay, since another writer may be about to use them."""
    for below, _, _ in os.walk(folder, topdown=False):
        try:
            Path(below).rmdir()
        except OSError as error:
            if error.errno not in {errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT}:
                raise
