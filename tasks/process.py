"""What one process of a worker holds between jobs: settings, ledger, store and, on a GPU worker, the engine with its warm models.

This is the one place of such state. A pool child fills it when it starts (``worker_process_init``).
"""

from __future__ import annotations

import logging
import signal
import threading
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from celery.signals import worker_process_init

from config.catalogue import Catalogue, load_catalogue
from config.settings import Settings, load_settings
from persistence.sweep import sweep_store
from reelfleet.contract.errors import FleetError, Internal
from reelfleet.contract.worker import WorkerRole
from reelfleet.ledger import Ledger
from reelfleet.store import Store, open_store
from tasks.identity import WorkerIdentity
from tasks.idle import start_unloading
from tasks.last_words import keep_last_words

if TYPE_CHECKING:
    from pipelines.engine import Engine

logger = logging.getLogger(__name__)


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


def start_process(identity: WorkerIdentity, settings: Settings) -> WorkerProcess:
    """Make the state of this process and, on a GPU worker, import torch, so that the first job does not pay for it."""
    global _current  # noqa: PLW0603 - the one place of this process' state
    _current = WorkerProcess(settings=settings, identity=identity)
    if identity.role is WorkerRole.GPU:
        engine = _current.engine
        logger.info("engine ready on %s", engine.device.name)
        start_unloading(_current)
    else:
        # In the background: the store may hold many jobs, and a job waits.
        threading.Thread(target=_sweep_store, args=(_current,), name="sweep", daemon=True).start()
    return _current


def _sweep_store(process: WorkerProcess) -> None:
    try:
        for path in sweep_store(process.store):
            logger.info("removed %s, which a writer that was killed left unfinished", path)
    except FleetError as error:
        logger.warning("unfinished files of killed writers remain: %s", error.message)


@worker_process_init.connect
def _on_process_init(**_: object) -> None:
    identity = WorkerIdentity.from_environment()
    if identity is not None:
        # It is the parent that is told to stop; a signal to the whole group must not take the job with it.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        settings = load_settings()
        keep_last_words(settings.cache_dir)
        start_process(identity, settings)
