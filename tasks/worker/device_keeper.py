"""One worker per GPU: a lease in Redis keyed by the device's UUID, taken before the first ticket."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from celery.worker import state

from reelfleet.contract.errors import BrokerUnavailable, DeviceBusy

if TYPE_CHECKING:
    from config.settings import Settings
    from pipelines.device import DeviceInfo
    from reelfleet.ledger import Ledger
    from tasks.worker.parent import WorkerParent

logger = logging.getLogger(__name__)

POLL_S = 0.5


def take_device(ledger: Ledger, device: DeviceInfo, holder: str, settings: Settings) -> None:
    """Take the device's lease, waiting one lease length for that of a worker that died.

    Raises:
        DeviceBusy: when another worker holds the device and lives.
    """
    give_up: float | None = None
    warned = False
    while True:
        try:
            if ledger.devices.acquire(device.uuid, holder, settings.lease_ms):
                return
            other = ledger.devices.holder(device.uuid)
        except BrokerUnavailable as error:
            if not warned:
                logger.warning("waiting for Redis before taking %s: %s", device.name, error.message)
            warned = True
            time.sleep(POLL_S)
            continue
        give_up = give_up or time.monotonic() + settings.lease_s + 2
        if time.monotonic() > give_up:
            raise DeviceBusy(
                f"{device.name} ({device.uuid}) is held by the worker {_worker_of(other)}; stop it, or give this one another device with REEL_DEVICE"
            )
        time.sleep(POLL_S)


def holder_name(worker: str, pid: int) -> str:
    """Return the holder's mark: a worker that was restarted under its old name is another holder."""
    return f"{worker}#{pid}"


def _worker_of(holder: str | None) -> str:
    return holder.partition("#")[0] if holder else "that has just left"


class DeviceKeeper:
    """Renews the device lease; a worker that lost it stops, because another may use the GPU."""

    def __init__(self, parent: WorkerParent, device: DeviceInfo) -> None:
        """Keep ``device`` for ``parent``."""
        self._parent, self._device = parent, device
        self._holder = holder_name(parent.identity.name, parent.pid)

    def keep(self) -> None:
        """Renew once; after an outage of Redis the lease is taken again if nobody has it.

        Raises:
            BrokerUnavailable: when Redis does not answer.
        """
        devices, lease_ms = self._parent.ledger.devices, self._parent.settings.lease_ms
        if devices.renew(self._device.uuid, self._holder, lease_ms) or devices.acquire(self._device.uuid, self._holder, lease_ms):
            return
        logger.error("%s is held by %s now; this worker stops", self._device.name, devices.holder(self._device.uuid))
        self._parent.draining = True
        state.should_stop = 1

    def release(self) -> None:
        """Give the device back at once, so that a restart need not wait for the lease to run out."""
        self._parent.ledger.devices.release(self._device.uuid, self._holder)
