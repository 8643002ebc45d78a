"""Who has which GPU: one worker per device, whatever the configuration says."""

from __future__ import annotations

from reelfleet.ledger.connection import Connection
from reelfleet.ledger.locks import Locks


class Devices:
    """Leases of devices by their UUID."""

    def __init__(self, connection: Connection) -> None:
        self._locks = Locks(connection)

    def acquire(self, uuid: str, holder: str, ttl_ms: int) -> bool:
        """Take a device that is free, or one's own again."""
        return self._locks.take(_name(uuid), holder, ttl_ms)

    def renew(self, uuid: str, holder: str, ttl_ms: int) -> bool:
        """Keep one's own device; false when the lease ran out."""
        return self._locks.renew(_name(uuid), holder, ttl_ms)

    def release(self, uuid: str, holder: str) -> None:
        """Give up one's own device; nothing happens when it is another's."""
        self._locks.release(_name(uuid), holder)

    def holder(self, uuid: str) -> str | None:
        """Return who has the device."""
        return self._locks.holder(_name(uuid))


def _name(uuid: str) -> str:
    return f"device:{uuid}"
