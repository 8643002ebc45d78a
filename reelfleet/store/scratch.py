"""Asking a store by doing: is it there, may we write, does it refuse a second write."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from reelfleet.contract.errors import InputMissing, StoreUnavailable, Unsupported
from reelfleet.store.keys import SCRATCH

if TYPE_CHECKING:
    from reelfleet.store.protocol import Store

_MEDIA_TYPE = "application/octet-stream"


def probe_conditional(store: Store) -> bool:
    """Return whether the second of two conditional writes is refused and the first one's bytes stay."""
    prefix = _fresh_prefix()
    key = f"{prefix}/probe"
    try:
        if not store.put_if_absent(key, b"first", media_type=_MEDIA_TYPE):
            return False
        if store.put_if_absent(key, b"second", media_type=_MEDIA_TYPE):
            return False
        return store.get_bytes(key) == b"first"
    except Unsupported:
        return False
    finally:
        store.delete_prefix(prefix)


def check(store: Store) -> None:
    """Write, read and remove a scratch object.

    Raises:
        StoreUnavailable: when any of it fails, or what is read is not what was written.
    """
    prefix = _fresh_prefix()
    key, data = f"{prefix}/check", secrets.token_bytes(32)
    store.put_bytes(key, data, media_type=_MEDIA_TYPE)
    try:
        read = store.get_bytes(key)
    except InputMissing as error:
        raise StoreUnavailable(f"{store.url} does not give back what was written a moment ago") from error
    finally:
        store.delete_prefix(prefix)
    if read != data:
        raise StoreUnavailable(f"{store.url} gives back other bytes than were written")


def _fresh_prefix() -> str:
    return f"{SCRATCH}/{secrets.token_hex(8)}"
