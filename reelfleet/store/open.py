"""From a URL to a store."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from reelfleet.contract.errors import InvalidConfig
from reelfleet.store.file import FileStore
from reelfleet.store.protocol import Store
from reelfleet.store.retry import StoreRetry


def open_store(url: str, *, retry: StoreRetry | None = None) -> Store:
    """Open ``file:///folder`` or ``s3://bucket/prefix``; nothing is read or written yet.

    S3 endpoint and credentials are the standard ``AWS_*`` variables; ``AWS_ENDPOINT_URL_S3`` names another server than AWS.

    Raises:
        InvalidConfig: for any other URL.
    """
    parts = urlsplit(url)
    if parts.query or parts.fragment:
        raise InvalidConfig(f"a store URL has no query and no fragment: {parts.scheme}://{parts.hostname or ''}{parts.path}")
    if parts.scheme == "file":
        path = Path(unquote(parts.path))
        if parts.netloc not in {"", "localhost"} or not path.is_absolute():
            raise InvalidConfig(f"a file store is file:///absolute/folder, not {url!r}")
        return FileStore(path)
    if parts.scheme == "s3":
        if "@" in parts.netloc or ":" in parts.netloc or not parts.netloc:
            raise InvalidConfig("an S3 store is s3://bucket/prefix; endpoint and credentials go into the AWS_* variables")
        from reelfleet.store.s3 import S3Store  # noqa: PLC0415 - boto3 takes a third of a second, which only S3 users should wait for

        return S3Store(parts.netloc, unquote(parts.path).strip("/"), retry=retry)
    raise InvalidConfig(f"a store is file:///folder or s3://bucket/prefix, not {parts.scheme or 'a path'!r}")
