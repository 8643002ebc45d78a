"""``reel queues``."""

from __future__ import annotations

import click

from reelfleet.cli.output import write_json, write_table
from reelfleet.cli.session import Session, common_options, pass_session


@click.command()
@common_options
@pass_session
def queues(session: Session) -> None:
    """List the queues: how many jobs wait in each, and who takes them."""
    found = session.fleet.queues()
    if session.json:
        write_json(found)
        return
    rows = [(queue.name, queue.waiting, len(queue.workers), "yes" if queue.paused else "") for queue in found]
    write_table(("QUEUE", "WAITING", "WORKERS", "PAUSED"), rows)
