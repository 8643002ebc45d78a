"""What is tried, and in which order, when a job runs out of memory.

Every rung gives up some speed, and tiling some exactness, for memory. A rung that cannot help is left out: the VAE
tiles only if it was at work when memory ran out, and nothing is offloaded from a CPU or when it is the host that is full.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from pipelines.device import DeviceInfo
from pipelines.vae_tiling import can_tile
from reelfleet.contract.errors import OutOfMemory

logger = logging.getLogger(__name__)

GIB = 1024**3
T = TypeVar("T")


class Rung(StrEnum):
    """What can be given up, in the order in which it is; the names are stable, manifests carry them."""

    MEMORY_FREED = "memory_freed"
    VAE_TILING = "vae_tiling"
    MODEL_OFFLOAD = "model_offload"
    SEQUENTIAL_OFFLOAD = "sequential_offload"


OFFLOADS = (Rung.MODEL_OFFLOAD, Rung.SEQUENTIAL_OFFLOAD)

EFFECTS = {
    Rung.MEMORY_FREED: "the other warm models were unloaded, and the work was tried again as it was",
    Rung.VAE_TILING: "the VAE worked in tiles, so that colours may differ slightly where tiles meet",
    Rung.MODEL_OFFLOAD: "components were moved to the device one at a time",
    Rung.SEQUENTIAL_OFFLOAD: "weights were moved to the device layer by layer, which is slow",
}


@dataclass(frozen=True)
class Degradation:
    """A rung that was used, and why."""

    rung: Rung
    note: str
    doing: str = ""
    """While what memory ran out, such as ``decode``."""


class Ladder:
    """The rungs of one job: those that were used, and the next one that may help.

    Args:
        model: for messages.
        device: offloading makes no sense on a CPU.
        tell: called with the note of each rung when it is climbed.
        rungs: those that make sense for the model.
    """

    def __init__(
        self, model: str, device: DeviceInfo, tell: Callable[[str], None] | None = None, *, rungs: Collection[Rung] = tuple(Rung)
    ) -> None:
        self._model, self._device, self._tell, self._rungs = model, device, tell, rungs
        self._used: dict[Rung, Degradation] = {}

    @property
    def used(self) -> tuple[Degradation, ...]:
        """What this job did with less than it was meant to have, in the order in which it came to that."""
        return tuple(self._used.values())

    @property
    def offload(self) -> Degradation | None:
        """How the weights are placed, if not on the device."""
        return next((self._used[rung] for rung in reversed(OFFLOADS) if rung in self._used), None)

    def has(self, rung: Rung) -> bool:
        """Whether a rung was used."""
        return rung in self._used

    def begin_with(self, degraded: tuple[Degradation, ...]) -> None:
        """Take over how the model was loaded."""
        for degradation in degraded:
            self._used.setdefault(degradation.rung, degradation)

    def climbing(self, target: Any, work: Callable[[], T], step_down: Callable[[Degradation], None]) -> T:
        """Do some work, and as often as memory runs out, do it again one rung further.

        Args:
            target: the pipeline; its class while it is being loaded.
            work: done from its beginning each time.
            step_down: makes a rung true; called before ``work`` is done again.

        Raises:
            OutOfMemory: when no rung is left; ``details`` has ``rungs`` (tried, in order), ``larger_device`` (whether a device
                with more memory may do) and ``device_memory_bytes`` (that of this one).
        """
        degradation: Degradation | None = None
        while True:
            try:
                if degradation is not None:
                    step_down(degradation)
                return work()
            except OutOfMemory as error:
                _let_go(error)
                degradation = self._next(error, target)
                if degradation is None:
                    raise self._exhausted(error) from error
            # Here the error is gone, and with it the frames that held the tensors of the work.

    def _next(self, error: OutOfMemory, target: Any) -> Degradation | None:
        rung = next((rung for rung in Rung if rung in self._rungs and rung not in self._used and self._may_help(rung, error, target)), None)
        if rung is None:
            return None
        doing = str(error.details.get("doing", "computing"))
        note = f"degraded ({rung}): {self._model} ran out of memory while {doing}; {EFFECTS[rung]}"
        self._used[rung] = Degradation(rung, note, doing)
        logger.warning("%s", note)
        if self._tell is not None:
            self._tell(note)
        return self._used[rung]

    def _may_help(self, rung: Rung, error: OutOfMemory, target: Any) -> bool:
        match rung:
            case Rung.MEMORY_FREED:
                return True
            case Rung.VAE_TILING:
                return bool(error.details.get("vae_at_work")) and can_tile(target)
            case Rung.MODEL_OFFLOAD:
                return self._offload_helps(error) and getattr(target, "model_cpu_offload_seq", None) is not None
            case Rung.SEQUENTIAL_OFFLOAD:
                return self._offload_helps(error)

    def _offload_helps(self, error: OutOfMemory) -> bool:
        return self._device.kind != "cpu" and error.details.get("memory") != "host"

    def _exhausted(self, error: OutOfMemory) -> OutOfMemory:
        rungs = [rung.value for rung in self._used]
        larger = self._device.kind == "cpu" or error.details.get("memory") != "host"
        size = self._device.memory_bytes
        hint = f"; a device with more than {size / GIB:.1f} GiB may do" if larger else ""
        return OutOfMemory(
            f"{error.message}; tried in vain: {', '.join(rungs)}{hint}",
            details={**error.details, "rungs": rungs, "larger_device": larger, "device_memory_bytes": size},
        )


def _let_go(error: BaseException) -> None:
    """Empty the frames that an error came through: they hold the tensors that did not fit."""
    pending: list[BaseException | None] = [error]
    seen: set[int] = set()
    while pending:
        one = pending.pop()
        if one is not None and id(one) not in seen:
            seen.add(id(one))
            traceback.clear_frames(one.__traceback__)
            pending += [one.__cause__, one.__context__]
