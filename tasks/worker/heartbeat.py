"""Tells the ledger that this worker lives, and which models it serves."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from reelfleet.contract.worker import WorkerRole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reelfleet.contract.matting_card import AnyCard
    from tasks.worker.parent import WorkerParent

PUBLISH_EVERY_S = 30.0


class Heartbeat:
    """Beats, and publishes the catalogue now and then, so that it comes back after a Redis that lost it."""

    def __init__(self, parent: WorkerParent, cards: Sequence[AnyCard]) -> None:
        """Beat for ``parent``, which serves ``cards``."""
        self._parent, self._cards = parent, list(cards)
        self._published_at: float | None = None

    def beat(self) -> None:
        """Beat once.

        Raises:
            BrokerUnavailable: when Redis does not answer.
        """
        parent = self._parent
        parent.ledger.workers.beat(parent.info(), parent.settings.heartbeat_ttl_s)
        now = time.monotonic()
        if parent.identity.role is WorkerRole.GPU and (self._published_at is None or now - self._published_at >= PUBLISH_EVERY_S):
            parent.ledger.models.publish(self._cards, parent.identity.name)
            self._published_at = now
