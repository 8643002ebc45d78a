"""What every store promises."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol

SMALL_OBJECT_BYTES = 16 * 1024 * 1024
"""The default bound of :meth:`Store.get_bytes`: what may be read into memory at once."""


@dataclass(frozen=True)
class ObjectStat:
    """What a store knows of an object without reading it."""

    bytes: int
    modified: datetime
    media_type: str | None


class Store(Protocol):
    """Objects by key: whole or not at all, never half.

    Keys are relative, with ``/`` between their parts (:func:`reelfleet.store.keys.check_key`). A *prefix* is
    made of whole parts: ``jobs/ab`` holds ``jobs/ab/x`` and never ``jobs/abc``; the empty prefix holds everything.

    Every method raises ``StoreUnavailable`` when the store does not answer through every retry or refuses the
    credentials, and ``ValueError`` for a key that breaks the rules. Reading what is not there raises ``InputMissing``.
    """

    @property
    def url(self) -> str:
        """The URL that :func:`reelfleet.store.open_store` opens again; it never holds a secret."""

    def put_file(self, key: str, path: Path, *, media_type: str, sha256: str | None = None) -> None:
        """Store a file, replacing what was there; with ``sha256`` (hex) only if its bytes are those.

        Raises:
            DiskFull: when a file store has no space left.
        """

    def put_bytes(self, key: str, data: bytes, *, media_type: str) -> None:
        """Store bytes in one request, replacing what was there."""

    def put_if_absent(self, key: str, data: bytes, *, media_type: str) -> bool:
        """Store bytes unless the key exists; whether they were stored.

        ``False`` also when an earlier try of this very call stored them and its answer was lost: read and compare.
        Only to be relied on where :meth:`probe_conditional` is true; some S3 servers ignore the condition and overwrite.

        Raises:
            Unsupported: when the store says that it cannot do this.
        """

    def get_bytes(self, key: str, *, max_bytes: int = SMALL_OBJECT_BYTES) -> bytes:
        """Read a small object.

        Raises:
            InputMissing: when there is none.
            InputUnreadable: when it is larger than ``max_bytes``.
        """

    def get_file(self, key: str, path: Path) -> None:
        """Copy an object to ``path``, which appears only when it is whole.

        Raises:
            InputMissing: when there is none.
            DiskFull: when there is no space for it.
        """

    def open(self, key: str) -> BinaryIO:
        """Open an object for reading from its start; close it afterwards.

        Raises:
            InputMissing: when there is none.
        """

    def stat(self, key: str) -> ObjectStat | None:
        """Return size, time and media type, or ``None`` when there is no such object."""

    def list(self, prefix: str) -> Iterator[str]:
        """Yield the keys below a prefix, sorted within each page of the answer."""

    def delete_prefix(self, prefix: str) -> int:
        """Remove everything below a prefix (or the object of that very key) and return how many objects went.

        Raises:
            ValueError: for the empty prefix, which would empty the store.
        """

    def uri(self, key: str) -> str:
        """Return the ``file://`` or ``s3://`` URI of a key."""

    def key_of(self, uri: str) -> str | None:
        """Return the key of a URI that lies in this store, else ``None``."""

    def probe_conditional(self) -> bool:
        """Try whether :meth:`put_if_absent` really refuses a second write; the scratch object is removed."""

    def check(self) -> None:
        """Write, read and remove a scratch object; raises ``StoreUnavailable`` saying what is wrong."""
