"""``reel resume``."""

from __future__ import annotations

import click

from reelfleet.cli.output import printable
from reelfleet.cli.scopes import require_one, scope_options, tell_job, tell_outcome
from reelfleet.cli.session import Session, common_options, pass_session


@click.command()
@click.argument("job_id", metavar="[JOB]", required=False)
@scope_options
@common_options
@pass_session
def resume(session: Session, job_id: str | None, queue: str | None, worker: str | None, fleet: bool) -> None:
    """Let JOB, a queue, a worker or the fleet go on after `reel pause`."""
    require_one(job=job_id, queue=queue, worker=worker, fleet=fleet)
    full_id = session.job(job_id).id if job_id else None
    outcome = session.fleet.orders.resume(job_id=full_id, queue=queue, worker=worker, fleet=fleet)
    told = (
        tell_job(full_id, outcome, meanwhile={"running": "goes on", "queued": "waits for a worker"})
        if full_id
        else f"{printable(outcome.recorded['scope'])} goes on"
    )
    tell_outcome(outcome, as_json=session.json, done=told)
