"""What a pool child does before its first job."""

from __future__ import annotations

import logging
import signal
import threading

from celery.signals import worker_process_init

from config.settings import Settings, load_settings
from persistence.sweep import sweep_store
from reelfleet.contract.errors import FleetError
from reelfleet.contract.worker import WorkerRole
from tasks.identity import WorkerIdentity
from tasks.idle import start_unloading
from tasks.last_words import keep_last_words
from tasks.process import WorkerProcess, set_current_process

logger = logging.getLogger(__name__)


@worker_process_init.connect
def on_process_init(**_: object) -> None:
    """Prepare a child of a worker; other processes of the same Celery application are left alone."""
    identity = WorkerIdentity.from_environment()
    if identity is None:
        return
    # It is the parent that is told to stop; a signal to the whole group must not take the job with it.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    settings = load_settings()
    keep_last_words(settings.cache_dir)
    _start(identity, settings)


def _start(identity: WorkerIdentity, settings: Settings) -> None:
    """Make the state of this process and, on a GPU worker, import torch, so that the first job does not pay for it."""
    process = WorkerProcess(settings=settings, identity=identity)
    set_current_process(process)
    if identity.role is WorkerRole.GPU:
        engine = process.engine
        logger.info("engine ready on %s", engine.device.name)
        start_unloading(process)
    else:
        # In the background: the store may hold many jobs, and a job waits.
        threading.Thread(target=_sweep_store, args=(process,), name="sweep", daemon=True).start()


def _sweep_store(process: WorkerProcess) -> None:
    try:
        for path in sweep_store(process.store):
            logger.info("removed %s, which a writer that was killed left unfinished", path)
    except FleetError as error:
        logger.warning("unfinished files of killed writers remain: %s", error.message)
