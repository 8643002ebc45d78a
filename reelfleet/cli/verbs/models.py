"""``reel models``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reelfleet.cli.output import say, write_json, write_table
from reelfleet.cli.session import Session, common_options, pass_session

if TYPE_CHECKING:
    from reelfleet.contract.matting_card import AnyCard


@click.command()
@common_options
@pass_session
def models(session: Session) -> None:
    """List the models that workers have published, and how many living workers serve each.

    A model generates (an image, or video), mattes (matte), or makes masks for that (mask).
    """
    cards = session.fleet.models()
    if session.json:
        write_json(cards)
        return
    if not cards:
        say("no worker has published its models yet; start one")
        return
    alive = session.fleet.workers()
    rows = [(card.name, *_does(card), sum(card.name in worker.models for worker in alive), card.licence) for card in cards]
    write_table(("MODEL", "MAKES", "SIZE", "FRAMES", "INPUTS", "WORKERS", "LICENCE"), rows)


def _does(card: AnyCard) -> tuple[object, ...]:
    """Return what a model makes, at which size and lengths, of which inputs; empty where there is no such thing."""
    from reelfleet.contract.matting_card import MaskMakerCard, MattingCard  # noqa: PLC0415 - the contract is loaded only by verbs that read it

    if isinstance(card, MattingCard):
        return "matte", "", "", "source, masks"
    if isinstance(card, MaskMakerCard):
        return "mask", "", "", ", ".join(card.prompts)
    return card.modality.value, card.defaults.size, card.limits.frame_rule, ", ".join(card.inputs)
