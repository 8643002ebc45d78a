"""The queues of a worker."""

from __future__ import annotations

from config.availability import served_models
from config.catalogue import load_catalogue
from config.settings import Settings
from reelfleet.contract.errors import InvalidConfig
from reelfleet.contract.matting_card import AnyCard
from reelfleet.contract.names import CPU_QUEUE, gpu_queue, host_queue
from reelfleet.contract.worker import WorkerRole


def served_cards(settings: Settings) -> tuple[AnyCard, ...]:
    """Return the cards of the models that a GPU worker on this machine serves.

    Raises:
        InvalidConfig: when there are none.
    """
    cards = tuple(entry.card for entry in served_models(load_catalogue(settings.model_folders), settings))
    if not cards:
        raise InvalidConfig(
            f"no model to serve: REEL_MODELS={settings.models!r} leaves none whose weights are on this machine; "
            "name models, download weights, or set REEL_TINY_MODELS=1 to try the fleet without any"
        )
    return cards


def queues_of(role: WorkerRole, settings: Settings) -> tuple[str, ...]:
    """Return the queues that a worker of this role consumes."""
    if role is WorkerRole.CPU:
        return CPU_QUEUE, host_queue(settings.host)
    return tuple(gpu_queue(card.name) for card in served_cards(settings))
