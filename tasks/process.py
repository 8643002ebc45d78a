"""What one process of a worker holds between jobs: settings, ledger, store and, on a GPU worker, the engine with its warm models.

This is the one place of such state. A pool child fills it when it starts (``worker_process_init``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from config.catalogue import Catalogue, load_catalogue
from config.settings import Settings
from reelfleet.contract.errors import Internal
from reelfleet.ledger import Ledger
from reelfleet.store import Store, open_store
from tasks.identity import WorkerIdentity

if TYPE_CHECKING:
    from pipelines.engine import Engine


@dataclass
class WorkerProcess:
    """The state of a pool child; everything is made on first use and kept."""

    settings: Settings
    identity: WorkerIdentity
    checkpoint_cost_s: float = field(default=0.1, init=False)
    """What the last checkpoint cost, before the first one a guess; see :class:`tasks.checkpoints.clock.CheckpointClock`."""
    spent: str = field(default="", init=False)
    """Why this process must not take another job: its device does not answer, or its memory does not come back."""
    _conditional: bool | None = field(default=None, init=False)

    @cached_property
    def ledger(self) -> Ledger:
        """The ledger, with this process' own connections."""
        return Ledger.connect(self.settings.broker_url)

    @cached_property
    def store(self) -> Store:
        """The store of inputs and results."""
        return open_store(self.settings.store_url, retry=self.settings.store_retry)

    @cached_property
    def catalogue(self) -> Catalogue:
        """The models that this worker knows."""
        return load_catalogue(self.settings.model_folders)

    @cached_property
    def engine(self) -> Engine:
        """The engine with its warm models. Imports torch."""
        from pipelines.device import detect_device  # noqa: PLC0415 - a cpu worker has no need of the pipelines
        from pipelines.engine import Engine  # noqa: PLC0415 - torch is imported in the pool's child alone

        return Engine(self.settings, self.catalogue, detect_device(self.settings.device))

    def conditional_commit(self) -> bool:
        """Whether the store honours ``If-None-Match: *``; tried once per process, never taken from documentation."""
        if self._conditional is None:
            self._conditional = self.store.probe_conditional()
        return self._conditional


_current: WorkerProcess | None = None


def current_process() -> WorkerProcess:
    """Return this process' state.

    Raises:
        Internal: outside a worker that was started with ``python -m tasks.worker``.
    """
    if _current is None:
        raise Internal("this process is not a reelfleet worker; start workers with `python -m tasks.worker gpu` or `cpu`")
    return _current


def set_current_process(process: WorkerProcess) -> None:
    """Make this the state of this process; :mod:`tasks.process_start` does so once."""
    global _current  # noqa: PLW0603 - the one place of this process' state
    _current = process
