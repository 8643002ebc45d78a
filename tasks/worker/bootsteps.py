"""Hooks the parent's duties into Celery's start and stop."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Any

from celery import bootsteps

from config.settings import load_settings
from pipelines.device import detect_device
from reelfleet.contract.errors import BrokerUnavailable
from reelfleet.contract.worker import WorkerRole
from reelfleet.ledger import Ledger
from tasks.identity import WorkerIdentity
from tasks.steward import Steward
from tasks.worker.attendant import Attendant, Duty
from tasks.worker.checkpoint_sweep import CheckpointSweep
from tasks.worker.consumption import apply_to_consumer, obey
from tasks.worker.device_keeper import DeviceKeeper
from tasks.worker.drain import Drain, drain_on_signals, forget_own_drain
from tasks.worker.health import Health
from tasks.worker.heartbeat import Heartbeat
from tasks.worker.host_sweep import HostSweep
from tasks.worker.lease_keeper import LeaseKeeper
from tasks.worker.parent import WorkerParent, current_parent, set_current_parent
from tasks.worker.queues import queues_of, served_cards

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reelfleet.contract.matting_card import AnyCard

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 0.25
"""Bounds how late an abort is enforced and a drain begins."""
OBEY_EVERY_S = 0.5
SWEEP_CHECKPOINTS_EVERY_S = 5.0
SWEEP_EVERY_S = 60.0


class ParentStep(bootsteps.StartStopStep):
    """Starts the attendant after the pool and before the consumer; stops it last."""

    requires = ("celery.worker.components:Pool",)

    def __init__(self, worker: Any, **kwargs: Any) -> None:
        super().__init__(worker, **kwargs)
        self._identity = WorkerIdentity.from_environment()
        self._attendants: list[Attendant] = []
        self._device_keeper: DeviceKeeper | None = None
        self.enabled = self._identity is not None

    def start(self, worker: Any) -> None:
        """Make the parent's state and start its duties."""
        identity = self._identity
        if identity is None:
            return
        settings = load_settings()
        ledger = Ledger.connect(settings.broker_url)
        gpu = identity.role is WorkerRole.GPU
        cards = served_cards(settings) if gpu else ()
        parent = WorkerParent(
            app=worker.app,
            settings=settings,
            identity=identity,
            ledger=ledger,
            device=detect_device(settings.device) if gpu else None,
            models=tuple(card.name for card in cards),
            queues=queues_of(identity.role, settings),
            pid=os.getpid(),
            pool=worker.pool,
        )
        set_current_parent(parent)
        drain_on_signals(parent)
        try:
            forget_own_drain(parent)
        except BrokerUnavailable as error:
            logger.warning("an earlier worker of this name may have left a drain behind: %s", error.message)
        self._attendants = [Attendant("attendant", self._duties(parent, cards)), Attendant("sweeper", self._sweeps(parent))]
        for attendant in self._attendants:
            attendant.start()

    def stop(self, worker: Any) -> None:  # noqa: ARG002 - Celery's signature
        """Stop the duties and take leave."""
        parent = current_parent()
        if parent is None:
            return
        for attendant in self._attendants:
            attendant.stop()
        try:
            parent.ledger.workers.leave(parent.identity.name)
            if self._device_keeper:
                self._device_keeper.release()
        except BrokerUnavailable as error:
            logger.info("leaving without a word: %s", error.message)
        set_current_parent(None)

    terminate = stop

    def _duties(self, parent: WorkerParent, cards: Sequence[AnyCard]) -> list[Duty]:
        settings = parent.settings
        duties = [
            Duty("draining", LOOK_EVERY_S, Drain(parent).look),
            Duty("reading pauses", OBEY_EVERY_S, lambda: obey(parent)),
            Duty("the heartbeat", settings.heartbeat_s, Heartbeat(parent, cards).beat),
            Duty("keeping leases", min(LOOK_EVERY_S, settings.keep_alive_s), LeaseKeeper(parent).keep),
        ]
        if parent.device is not None:
            self._device_keeper = DeviceKeeper(parent, parent.device)
            duties.append(Duty("keeping the device", settings.keep_alive_s, self._device_keeper.keep))
            duties.append(Duty("the device's health", settings.heartbeat_s, Health(parent).look))
        if parent.identity.role is WorkerRole.CPU:
            steward = Steward(parent.ledger, parent.app, settings, parent.identity.name)
            duties.append(Duty("the steward", settings.steward_interval_s, steward.turn))
        return duties

    def _sweeps(self, parent: WorkerParent) -> list[Duty]:
        """Return what may take long, and so has a thread of its own: disks and stores can be slow, leases cannot wait."""
        if parent.identity.role is not WorkerRole.CPU:
            return []
        return [
            Duty("sweeping spools", SWEEP_EVERY_S, HostSweep(parent).sweep),
            Duty("sweeping checkpoints", SWEEP_CHECKPOINTS_EVERY_S, CheckpointSweep(parent).sweep),
        ]


class ObeyStep(bootsteps.StartStopStep):
    """Applies the durable pauses whenever the consumer starts or reconnects, before it takes a ticket."""

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def start(self, consumer: Any) -> None:
        """Read and apply, or leave it to the attendant while Redis is away."""
        parent = current_parent()
        if parent is None:
            return
        parent.consumer = consumer
        try:
            obey(parent)
        except BrokerUnavailable as error:
            logger.warning("pauses are read later: %s", error.message)
        apply_to_consumer(parent, consumer)

    def stop(self, consumer: Any) -> None:  # noqa: ARG002 - Celery's signature
        """Forget the consumer; a new one comes after a reconnect."""
        parent = current_parent()
        if parent is not None:
            parent.consumer = None
