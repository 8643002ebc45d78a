"""``reel workers``."""

from __future__ import annotations

import click

from reelfleet.cli.output import say, shown_id, write_json, write_table
from reelfleet.cli.session import Session, common_options, pass_session


@click.command()
@common_options
@pass_session
def workers(session: Session) -> None:
    """List the living workers: role, state, device, job, models in memory, and why one leaves the fleet."""
    found = session.fleet.workers()
    if session.json:
        write_json(found)
        return
    if not found:
        say("no worker is alive")
        return
    rows = [
        (
            worker.name,
            worker.role.value,
            worker.state.value,
            worker.device.get("name") or worker.device.get("kind"),
            shown_id(worker.job_id),
            ", ".join(worker.warm_models),
            worker.version,
            worker.trouble or session.fleet.ledger.workers.drain_reason(worker.name),
        )
        for worker in found
    ]
    write_table(("WORKER", "ROLE", "STATE", "DEVICE", "JOB", "WARM MODELS", "VERSION", "TROUBLE"), rows)
