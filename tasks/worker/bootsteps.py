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
from tasks.worker.consumption import apply_to_consumer, obey
from tasks.worker.device_keeper import DeviceKeeper
from tasks.worker.heartbeat import Heartbeat
from tasks.worker.host_sweep import HostSweep
from tasks.worker.lease_keeper import LeaseKeeper
from tasks.worker.parent import WorkerParent, current_parent, set_current_parent
from tasks.worker.queues import queues_of, served_cards

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reelfleet.contract.model_card import ModelCard

logger = logging.getLogger(__name__)

OBEY_EVERY_S = 0.5
SWEEP_EVERY_S = 60.0


class ParentStep(bootsteps.StartStopStep):
    """Starts the attendant after the pool and before the consumer; stops it last."""

    requires = ("celery.worker.components:Pool",)

    def __init__(self, worker: Any, **kwargs: Any) -> None:
        super().__init__(worker, **kwargs)
        self._identity = WorkerIdentity.from_environment()
        self._attendant: Attendant | None = None
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
        )
        set_current_parent(parent)
        self._attendant = Attendant(self._duties(parent, cards))
        self._attendant.start()

    def stop(self, worker: Any) -> None:  # noqa: ARG002 - Celery's signature
        """Stop the duties and take leave."""
        parent = current_parent()
        if parent is None:
            return
        if self._attendant:
            self._attendant.stop()
        try:
            parent.ledger.workers.leave(parent.identity.name)
            if self._device_keeper:
                self._device_keeper.release()
        except BrokerUnavailable as error:
            logger.info("leaving without a word: %s", error.message)
        set_current_parent(None)

    terminate = stop

    def _duties(self, parent: WorkerParent, cards: Sequence[ModelCard]) -> list[Duty]:
        settings = parent.settings
        duties = [
            Duty("reading pauses", OBEY_EVERY_S, lambda: obey(parent)),
            Duty("the heartbeat", settings.heartbeat_s, Heartbeat(parent, cards).beat),
            Duty("keeping leases", settings.keep_alive_s, LeaseKeeper(parent).keep),
        ]
        if parent.device is not None:
            self._device_keeper = DeviceKeeper(parent, parent.device)
            duties.append(Duty("keeping the device", settings.keep_alive_s, self._device_keeper.keep))
        if parent.identity.role is WorkerRole.CPU:
            steward = Steward(parent.ledger, parent.app, settings, parent.identity.name)
            duties.append(Duty("the steward", settings.steward_interval_s, steward.turn))
            duties.append(Duty("sweeping spools", SWEEP_EVERY_S, HostSweep(parent).sweep))
        return duties


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
