"""Object stores: ``file://`` and ``s3://`` with one interface.

:func:`open_store` opens one by its URL; :class:`Store` is what it promises.
"""

from __future__ import annotations

from reelfleet.store.open import open_store
from reelfleet.store.protocol import ObjectStat, Store
from reelfleet.store.retry import StoreRetry

__all__ = ["ObjectStat", "Store", "StoreRetry", "open_store"]
