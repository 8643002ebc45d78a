"""What an error means for the job: whether trying again can help, where, and whether that counts as an attempt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reelfleet.contract.errors import BrokerUnavailable, FleetError, Numerical, OutOfMemory, WireError
from reelfleet.contract.names import GPU_STAGES, model_of_queue

if TYPE_CHECKING:
    from tasks.stages.context import StageContext


@dataclass(frozen=True)
class Verdict:
    """What the ledger is told of an error."""

    error: WireError
    counts: bool = True
    """Whether the next run is another attempt."""
    needs_memory: int | None = None
    """Bytes of device memory that were too few."""


def verdict_on(failure: FleetError, context: StageContext) -> Verdict:
    """Judge an error of a claimed stage."""
    wire = failure.to_wire()
    if isinstance(failure, Numerical):
        # Once may be a device that erred; the same step twice is the request itself.
        return Verdict(wire.model_copy(update={"retryable": not _is_the_same(wire, context.job.last_error)}))
    if isinstance(failure, OutOfMemory) and context.lease.stage in GPU_STAGES:
        memory = context.process.engine.device.memory_bytes
        if failure.details.get("larger_device", True) and _a_larger_one_serves(context, memory):
            return Verdict(wire, counts=False, needs_memory=memory)
        # Everything that this fleet can do about it was tried.
        return Verdict(wire.model_copy(update={"retryable": False}))
    return Verdict(wire)


def _is_the_same(error: WireError, last: WireError | None) -> bool:
    return last is not None and last.code == error.code and last.details.get("where") == error.details.get("where")


def _a_larger_one_serves(context: StageContext, memory: int) -> bool:
    try:
        serving = context.process.ledger.workers.serving(model_of_queue(context.job.queue))
    except BrokerUnavailable:
        return False
    return any(int(str(info.device.get("memory_bytes", 0))) > memory for info in serving)
