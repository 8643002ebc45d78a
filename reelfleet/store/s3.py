"""A store in an S3 bucket, AWS or compatible."""

from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeVar
from urllib.parse import quote, unquote, urlsplit

from boto3.s3.transfer import TransferConfig

from reelfleet.contract.errors import InputMissing, InputUnreadable, StoreUnavailable
from reelfleet.store import scratch
from reelfleet.store.durable import move_into_place, part_beside
from reelfleet.store.file import translated_os_errors
from reelfleet.store.keys import check_key, check_prefix
from reelfleet.store.protocol import SMALL_OBJECT_BYTES, ObjectStat
from reelfleet.store.retry import StoreRetry, with_retry
from reelfleet.store.s3_body import S3Body
from reelfleet.store.s3_client import make_client
from reelfleet.store.s3_errors import S3_ERRORS, explain, is_missing, is_refused_condition, is_transient

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import GetObjectOutputTypeDef, ObjectIdentifierTypeDef

T = TypeVar("T")

SINGLE_PUT_BYTES = 64 * 1024 * 1024
"""Up to here one PUT with its SHA-256; above, parts that are each checked and, on failure, given up."""
_PART_BYTES = 16 * 1024 * 1024
_CHUNK = 1024 * 1024
_DELETE_BATCH = 1000


class S3Store:
    """Objects in a bucket below a prefix; see :class:`reelfleet.store.Store` for what each method promises."""

    def __init__(self, bucket: str, prefix: str, *, retry: StoreRetry | None = None) -> None:
        self.bucket = bucket
        self.prefix = check_prefix(prefix)
        self._retry = retry or StoreRetry()
        self._client: S3Client = make_client(self._retry)

    @property
    def url(self) -> str:
        """``s3://bucket/prefix``."""
        return f"s3://{self.bucket}/{quote(self.prefix)}".removesuffix("/")

    @property
    def endpoint(self) -> str:
        """The server's URL."""
        return self._client.meta.endpoint_url

    def put_file(self, key: str, path: Path, *, media_type: str, sha256: str | None = None) -> None:
        """Upload a file: one checked PUT when small, checked parts when large."""
        if not path.is_file():
            raise InputMissing(f"there is no file {path} to store", details={"key": key})
        if path.stat().st_size > SINGLE_PUT_BYTES:
            self._put_in_parts(key, path, media_type)
            return
        digest = bytes.fromhex(sha256) if sha256 else _digest(path)

        def put() -> None:
            with path.open("rb") as body:
                self._client.put_object(
                    Bucket=self.bucket, Key=self._name(key), Body=body, ContentType=media_type, ChecksumSHA256=_base64(digest)
                )

        self._call(key, put)

    def put_bytes(self, key: str, data: bytes, *, media_type: str) -> None:
        """Store a small object in one PUT."""
        checksum = _base64(hashlib.sha256(data).digest())
        self._call(
            key,
            lambda: self._client.put_object(
                Bucket=self.bucket, Key=self._name(key), Body=data, ContentType=media_type, ChecksumSHA256=checksum
            ),
        )

    def put_if_absent(self, key: str, data: bytes, *, media_type: str) -> bool:
        """Store a small object with ``If-None-Match: *``."""
        checksum = _base64(hashlib.sha256(data).digest())

        def put() -> bool:
            try:
                self._client.put_object(
                    Bucket=self.bucket, Key=self._name(key), Body=data, ContentType=media_type, ChecksumSHA256=checksum, IfNoneMatch="*"
                )
            except S3_ERRORS as error:
                if is_refused_condition(error):
                    return False
                raise
            return True

        return self._call(key, put)

    def get_bytes(self, key: str, *, max_bytes: int = SMALL_OBJECT_BYTES) -> bytes:
        """Read a small object."""

        def get() -> bytes:
            found = self._get(key)
            # Not the body's own context manager: that hands out the raw stream, which takes half an answer for a whole one.
            with closing(found["Body"]) as body:
                if found["ContentLength"] > max_bytes:
                    raise InputUnreadable(f"{self.uri(key)} is larger than the {max_bytes} bytes that may be read at once")
                return body.read()

        return self._call(key, get)

    def get_file(self, key: str, path: Path) -> None:
        """Download an object; every try starts over."""

        def get(part: Path) -> None:
            with closing(self._get(key)["Body"]) as body, part.open("wb") as target:
                while chunk := body.read(_CHUNK):
                    target.write(chunk)

        with translated_os_errors(str(path)), part_beside(path) as part:
            self._call(key, lambda: get(part))
            move_into_place(part, path)

    def open(self, key: str) -> BinaryIO:
        """Open an object for reading; a connection that breaks while it is read is not resumed."""
        found = self._call(key, lambda: self._get(key))
        return io.BufferedReader(
            S3Body(found["Body"], lambda error: explain(error, place=self.uri(key), endpoint=self.endpoint, tried=1)), _CHUNK
        )

    def stat(self, key: str) -> ObjectStat | None:
        """Ask for an object's head."""

        def head() -> ObjectStat | None:
            try:
                found = self._client.head_object(Bucket=self.bucket, Key=self._name(key))
            except S3_ERRORS as error:
                if is_missing(error):
                    return None
                raise
            return ObjectStat(
                bytes=found["ContentLength"], modified=found["LastModified"].astimezone(UTC), media_type=found.get("ContentType")
            )

        return self._call(key, head)

    def list(self, prefix: str) -> Iterator[str]:
        """Yield keys, a page of up to 1000 at a time."""
        bare = check_prefix(prefix)
        if bare and self.stat(bare) is not None:
            yield bare
        start = self._name(bare) + "/" if bare else self.prefix + "/" if self.prefix else ""
        token = ""
        while True:
            names, token = self._call(bare, lambda token=token: self._page(start, token))  # type: ignore[misc]  # mypy infers no type for a lambda's default
            for name in names:
                yield name.removeprefix(self.prefix + "/") if self.prefix else name
            if not token:
                return

    def delete_prefix(self, prefix: str) -> int:
        """Remove objects in batches."""
        bare = check_prefix(prefix)
        if not bare:
            raise ValueError("deleting needs a prefix; an empty one would empty the store")
        keys = [*self.list(bare)]
        for start in range(0, len(keys), _DELETE_BATCH):
            batch = keys[start : start + _DELETE_BATCH]
            self._call(bare, lambda batch=batch: self._delete(batch))  # type: ignore[misc]  # as above
        return len(keys)

    def uri(self, key: str) -> str:
        """Return the ``s3://`` URI of a key."""
        return f"s3://{self.bucket}/{quote(self._name(key))}"

    def key_of(self, uri: str) -> str | None:
        """Return the key of a URI below the prefix."""
        parts = urlsplit(uri)
        name = unquote(parts.path).removeprefix("/")
        inside = f"{self.prefix}/" if self.prefix else ""
        if parts.scheme != "s3" or parts.netloc != self.bucket or not name.startswith(inside):
            return None
        try:
            return check_key(name.removeprefix(inside))
        except ValueError:
            return None

    def probe_conditional(self) -> bool:
        """Try it."""
        return scratch.probe_conditional(self)

    def check(self) -> None:
        """Try it."""
        scratch.check(self)

    def _get(self, key: str) -> GetObjectOutputTypeDef:
        try:
            return self._client.get_object(Bucket=self.bucket, Key=self._name(key))
        except S3_ERRORS as error:
            if is_missing(error):
                raise InputMissing(f"{self.url} holds no {key!r}", details={"key": key}) from error
            raise

    def _put_in_parts(self, key: str, path: Path, media_type: str) -> None:
        """Let boto3 upload parts, each with its SHA-256 and each tried again by botocore; a failed upload is given up by boto3."""
        transfer = TransferConfig(multipart_threshold=_PART_BYTES, multipart_chunksize=_PART_BYTES, max_concurrency=4)
        extra = {"ContentType": media_type, "ChecksumAlgorithm": "SHA256"}
        client = make_client(self._retry, attempts=self._retry.attempts)
        try:
            client.upload_file(str(path), self.bucket, self._name(key), ExtraArgs=extra, Config=transfer)
        except S3_ERRORS as error:
            raise explain(error, place=self.uri(key), endpoint=self.endpoint, tried=self._retry.attempts) from error
        finally:
            client.close()
        stored = self.stat(key)
        if stored is None or stored.bytes != path.stat().st_size:
            raise StoreUnavailable(f"{self.uri(key)} is not whole after its upload: {stored and stored.bytes} bytes")

    def _page(self, start: str, token: str) -> tuple[Sequence[str], str]:
        more = {"ContinuationToken": token} if token else {}
        page = self._client.list_objects_v2(Bucket=self.bucket, Prefix=start, **more)  # type: ignore[arg-type]  # the stub wants a TypedDict
        names = [found["Key"] for found in page.get("Contents", [])]
        return names, page.get("NextContinuationToken", "") if page.get("IsTruncated") else ""

    def _delete(self, keys: Sequence[str]) -> None:
        objects: Sequence[ObjectIdentifierTypeDef] = [{"Key": self._name(key)} for key in keys]
        answer = self._client.delete_objects(Bucket=self.bucket, Delete={"Objects": objects, "Quiet": True})
        for failed in answer.get("Errors", []):
            raise StoreUnavailable(f"{self.url} did not delete {failed.get('Key')!r}: {failed.get('Code')}")

    def _name(self, key: str) -> str:
        checked = check_key(key)
        return f"{self.prefix}/{checked}" if self.prefix else checked

    def _call(self, key: str, operation: Callable[[], T]) -> T:
        place = self.uri(key) if key else self.url
        return with_retry(
            operation,
            policy=self._retry,
            errors=S3_ERRORS,
            transient=is_transient,
            explain=lambda error, tried: explain(error, place=place, endpoint=self.endpoint, tried=tried),
        )


def _digest(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def _base64(digest: bytes) -> str:
    return base64.b64encode(digest).decode()
