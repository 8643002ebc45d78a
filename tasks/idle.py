"""Gives the memory of a paused device back while nothing runs on it."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from reelfleet.contract.errors import BrokerUnavailable
from reelfleet.contract.names import gpu_queue
from reelfleet.ledger.pauses import FLEET, queue_scope, worker_scope

if TYPE_CHECKING:
    from tasks.process import WorkerProcess

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 1.0


def start_unloading(process: WorkerProcess) -> None:
    """Watch pauses in a thread of this pool child, for as long as it lives."""
    threading.Thread(target=_watch, args=(process,), name="unloading", daemon=True).start()


def unload_paused(process: WorkerProcess) -> tuple[str, ...]:
    """Unload the warm models that a pause keeps from running, and return them; those of a pause that keeps warm stay.

    Waits for a generation that runs.

    Raises:
        BrokerUnavailable: when Redis does not answer; nothing is unloaded then.
    """
    warm = process.engine.warm_models
    if not warm:
        return ()
    cold = {scope for scope, pause in process.ledger.pauses.all().items() if not pause.keep_warm}
    unloaded = tuple(model for model in warm if cold & _scopes_of(process, model))
    for model in unloaded:
        process.engine.unload(model)
    if unloaded:
        logger.info("paused: unloaded %s", ", ".join(unloaded))
        process.ledger.workers.set_warm(process.identity.name, process.engine.warm_models)
    return unloaded


def _scopes_of(process: WorkerProcess, model: str) -> set[str]:
    return {FLEET, worker_scope(process.identity.name), queue_scope(gpu_queue(model))}


def _watch(process: WorkerProcess) -> None:
    away = False
    while True:
        time.sleep(LOOK_EVERY_S)
        try:
            unload_paused(process)
            away = False
        except BrokerUnavailable as error:
            if not away:
                logger.info("pauses are not known while Redis is away: %s", error.message)
            away = True
