"""``reel models``."""

from __future__ import annotations

import click

from reelfleet.cli.output import say, write_json, write_table
from reelfleet.cli.session import Session, common_options, pass_session


@click.command()
@common_options
@pass_session
def models(session: Session) -> None:
    """List the models that workers have published, and how many living workers serve each."""
    cards = session.fleet.models()
    if session.json:
        write_json(cards)
        return
    if not cards:
        say("no worker has published its models yet; start one")
        return
    alive = session.fleet.workers()
    rows = [
        (
            card.name,
            card.modality.value,
            card.defaults.size,
            card.limits.frame_rule,
            ", ".join(card.inputs),
            sum(card.name in worker.models for worker in alive),
            card.licence,
        )
        for card in cards
    ]
    write_table(("MODEL", "MAKES", "SIZE", "FRAMES", "INPUTS", "WORKERS", "LICENCE"), rows)
