"""Inputs: fetched from where they may lie, checked, and kept in the store under their hash."""

from __future__ import annotations

import hashlib
from pathlib import Path

from config.settings import Settings
from persistence.input_fields import check_for
from persistence.input_source import fetch_input
from reelfleet.contract.errors import InputMissing, InputUnreadable
from reelfleet.contract.resolved_input import ResolvedInput
from reelfleet.store import Store
from reelfleet.store.keys import input_key


def ingest(field: str, uri: str, *, store: Store, settings: Settings, folder: Path) -> ResolvedInput:
    """Copy one input into the store as ``inputs/<sha256>``, so that any host can run or run again the job.

    Args:
        field: the request's field, which tells what the input must be.
        uri: ``file://`` within the input roots, or ``s3://`` within them or the store.
        store: gets the copy, unless it has it.
        settings: input roots and bounds.
        folder: an existing scratch folder; the caller removes it.

    Raises:
        InputMissing: when there is no such input or it may not be read.
        InputUnreadable: when it is too large or not what the field wants.
        StoreUnavailable, DiskFull: when the store or this machine's disk fails.
    """
    path = folder / field
    try:
        fetch_input(uri, path, store=store, roots=settings.input_roots, max_bytes=settings.max_input_bytes, retry=settings.store_retry)
        media_type = check_for(field)(path, settings.max_image_pixels)
    except (InputMissing, InputUnreadable) as error:
        raise type(error)(f"{field}: {uri}: {error.message}", details={"field": field, "uri": uri, "problem": error.message}) from error
    size = path.stat().st_size
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    key = input_key(sha256)
    kept = store.stat(key)
    if kept is None or kept.bytes != size:
        store.put_file(key, path, media_type=media_type, sha256=sha256)
    return ResolvedInput(uri=uri, key=key, sha256=sha256, bytes=size, media_type=media_type)
