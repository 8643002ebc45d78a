"""What may be named as an input, by form alone; whether it may be *read* is the worker's decision (its input roots)."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Annotated
from urllib.parse import unquote, urlsplit

from pydantic import AfterValidator, Field


def check_input_uri(uri: str) -> str:
    """Return ``uri`` if its form is allowed.

    Raises:
        ValueError: for another scheme, a query or fragment, a foreign host in a ``file`` URI, an empty key,
            unprintable characters, or a ``..`` segment (also when percent-encoded).
    """
    if not uri.isprintable():
        raise ValueError("control and invisible characters are not allowed in an input URI")
    parts = urlsplit(uri)
    if parts.scheme not in {"s3", "file"}:
        raise ValueError(f"only s3:// and file:// URIs are read, not {uri[:80]!r}; a local path is uploaded by the client")
    if parts.query or parts.fragment:
        raise ValueError("an input URI has no query and no fragment; percent-encode '?' and '#'")
    if parts.scheme == "file" and parts.netloc not in {"", "localhost"}:
        raise ValueError("a file:// URI has three slashes and an absolute path")
    if parts.scheme == "s3" and (not parts.netloc or "@" in parts.netloc or ":" in parts.netloc):
        raise ValueError("an s3:// URI is s3://bucket/key, without credentials or port")
    if ".." in PurePosixPath(unquote(parts.path)).parts:
        raise ValueError("'..' is not allowed in an input URI")
    if not unquote(parts.path).strip("/"):
        raise ValueError("an input URI names one file")
    return uri


InputUri = Annotated[
    str,
    Field(max_length=2048, examples=["s3://bucket/key.png", "file:///srv/inputs/key.png"]),
    AfterValidator(check_input_uri),
]
