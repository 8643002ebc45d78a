"""The ledger, the ticket publisher and the store of one fleet, each opened on first use."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

from reelfleet.ledger import Ledger
from reelfleet.tickets import producer_app

if TYPE_CHECKING:
    from celery import Celery

    from reelfleet.settings import ClientSettings
    from reelfleet.store import Store


class Connections:
    """What a :class:`~reelfleet.Fleet` and everything that it hands out share; nothing is opened before it is used."""

    def __init__(self, settings: ClientSettings) -> None:
        self.settings = settings
        self._lock = Lock()
        self._ledger: Ledger | None = None
        self._tickets_app: Celery | None = None
        self._store: Store | None = None

    @property
    def ledger(self) -> Ledger:
        """The jobs, workers and models of the fleet."""
        with self._lock:
            if self._ledger is None:
                self._ledger = Ledger.connect(self.settings.broker_url, connect_timeout_s=self.settings.connect_timeout_s)
            return self._ledger

    @property
    def tickets_app(self) -> Celery:
        """A private Celery app; the host application's own stays the current one."""
        with self._lock:
            if self._tickets_app is None:
                self._tickets_app = producer_app(self.settings.broker_url)
            return self._tickets_app

    @property
    def store(self) -> Store:
        """Where inputs and results lie."""
        from reelfleet.store import open_store  # noqa: PLC0415 - boto3 takes a third of a second and most calls need no store

        with self._lock:
            if self._store is None:
                self._store = open_store(self.settings.store_url)
            return self._store

    def close(self) -> None:
        """Close what was opened; the next use opens it again."""
        with self._lock:
            if self._ledger is not None:
                self._ledger.close()
            if self._tickets_app is not None:
                self._tickets_app.close()
            self._ledger = self._tickets_app = self._store = None
