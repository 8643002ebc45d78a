"""What stages do around their work: bring the inputs, and say how the device was left."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

from reelfleet.contract.errors import BrokerUnavailable
from reelfleet.contract.resolved_input import ResolvedInput
from tasks.process import WorkerProcess
from tasks.stages.context import StageContext

logger = logging.getLogger(__name__)

GIB = 1024**3


def fetch_inputs(context: StageContext, inputs: Mapping[str, ResolvedInput], folder: Path) -> dict[str, Path]:
    """Bring a spec's inputs from the store into ``folder``, those that are not there yet, and return their paths by name.

    Raises:
        StoreUnavailable, InputMissing, DiskFull: when one cannot be fetched.
    """
    paths: dict[str, Path] = {}
    for name, item in inputs.items():
        path = paths[name] = folder / "inputs" / name
        if path.exists() and path.stat().st_size == item.bytes:
            continue  # an earlier stage of the attempt brought it: files appear whole
        path.parent.mkdir(parents=True, exist_ok=True)
        context.process.store.get_file(item.key, path)
    return paths


def look_for_leaks(process: WorkerProcess) -> None:
    """Mark the process as spent when memory of its device does not come back."""
    leaked = process.engine.leaked_bytes()
    if leaked:
        process.spent = f"{leaked / GIB:.1f} GiB of the device's memory did not come back"
        logger.error("%s; this process ends before the next job", process.spent)


def tell_warm_models(process: WorkerProcess) -> None:
    """Tell the fleet which models are in memory."""
    try:
        process.ledger.workers.set_warm(process.identity.name, process.engine.warm_models)
    except BrokerUnavailable as error:
        logger.info("the fleet was not told which models are warm: %s", error.message)
