"""Locks that run out unless their holder renews them."""

from __future__ import annotations

from reelfleet.ledger.connection import Connection


class Locks:
    """Named locks on Redis' clock."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def take(self, name: str, holder: str, ttl_ms: int) -> bool:
        """Take a lock that is free, or extend one's own."""
        return self._connection.ask("lock_take", name=name, holder=holder, ttl_ms=ttl_ms)

    def renew(self, name: str, holder: str, ttl_ms: int) -> bool:
        """Extend one's own lock; false when it ran out, even if nobody took it."""
        return self._connection.ask("lock_renew", name=name, holder=holder, ttl_ms=ttl_ms)

    def release(self, name: str, holder: str) -> bool:
        """Give up one's own lock; false when it was not one's own."""
        return self._connection.ask("lock_release", name=name, holder=holder)

    def holder(self, name: str) -> str | None:
        """Return who holds the lock."""
        found: bytes | None = self._connection.command("GET", self._connection.keys.lock(name))
        return None if found is None else found.decode()
