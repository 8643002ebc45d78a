"""Local inputs of a request: found, hashed, and put into the store under their hash."""

from __future__ import annotations

import hashlib
import mimetypes
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reelfleet.contract.errors import InputMissing
from reelfleet.contract.matte_request import FOLLOW_UP, MASK_FIELD, SOURCE_FIELD
from reelfleet.contract.request import INPUT_FIELDS
from reelfleet.store.keys import input_key

if TYPE_CHECKING:
    from reelfleet.store import Store


@dataclass(frozen=True)
class Upload:
    """A local file that a request names."""

    path: Path
    key: str
    sha256: str
    media_type: str


def name_uploads(data: Mapping[str, Any], uri_of: Callable[[str], str]) -> tuple[dict[str, Any], tuple[Upload, ...]]:
    """Replace local paths by the URIs that they will have in the store; nothing is uploaded yet.

    Args:
        data: a request as plain data; an input that is a ``Path``, or text without ``://``, is a local file.
        uri_of: gives the URI of a store key.

    Raises:
        InputMissing: naming every file that does not exist or cannot be read.
    """
    uploads: list[Upload] = []
    problems: list[dict[str, str]] = []

    def uri(field: str, value: Any) -> Any:
        if not _is_local(value):
            return value
        try:
            upload = _describe(Path(value).expanduser())
        except OSError as error:
            problems.append({"field": field, "problem": f"{value}: {error.strerror or error}"})
            return value
        uploads.append(upload)
        return uri_of(upload.key)

    named = _with_masks(dict(data), "", uri)
    if isinstance(named.get(FOLLOW_UP), Mapping):
        named[FOLLOW_UP] = _with_masks(dict(named[FOLLOW_UP]), f"{FOLLOW_UP}.", uri)
    for field in (*INPUT_FIELDS, SOURCE_FIELD):
        value = named.get(field)
        if isinstance(value, list | tuple):
            named[field] = [uri(f"{field}.{index}", item) for index, item in enumerate(value)]
        elif value is not None:
            named[field] = uri(field, value)
    if problems:
        lines = "; ".join(f"{p['field']}: {p['problem']}" for p in problems)
        raise InputMissing(f"{len(problems)} local input(s) cannot be read: {lines}", details={"problems": problems})
    return named, tuple(uploads)


def upload_inputs(store: Store, uploads: tuple[Upload, ...]) -> None:
    """Put files into the store, except those that it holds already."""
    for upload in uploads:
        if store.stat(upload.key) is None:
            store.put_file(upload.key, upload.path, media_type=upload.media_type, sha256=upload.sha256)


def _with_masks(data: dict[str, Any], prefix: str, uri: Callable[[str, Any], Any]) -> dict[str, Any]:
    """Return a request for a matting, or the part of one that asks for it, with the files of its masks named by ``uri``."""
    masks = data.get(MASK_FIELD)
    if isinstance(masks, list | tuple):
        data[MASK_FIELD] = [
            {**mask, "mask": uri(f"{prefix}{MASK_FIELD}.{index}", mask["mask"])} if isinstance(mask, Mapping) and mask.get("mask") else mask
            for index, mask in enumerate(masks)
        ]
    return data


def _is_local(value: Any) -> bool:
    return isinstance(value, os.PathLike) or (isinstance(value, str) and "://" not in value)


def _describe(path: Path) -> Upload:
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return Upload(path, input_key(sha256), sha256, media_type)
