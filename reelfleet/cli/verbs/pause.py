"""``reel pause``."""

from __future__ import annotations

import click

from reelfleet.cli.output import printable
from reelfleet.cli.scopes import require_one, scope_options, tell_job, tell_outcome
from reelfleet.cli.session import Session, common_options, pass_session


@click.command()
@click.argument("job_id", metavar="[JOB]", required=False)
@scope_options
@click.option("--reason", default="", help="Why; others see it in `reel status`.")
@click.option("--keep-warm", is_flag=True, help="Leave the models in memory; not for a JOB, which unloads none.")
@common_options
@pass_session
def pause(session: Session, job_id: str | None, queue: str | None, worker: str | None, fleet: bool, reason: str, keep_warm: bool) -> None:
    """Pause JOB, a queue, a worker or the fleet until `reel resume`.

    A running job leaves a checkpoint at its next step and frees its GPU; it goes on later, on any worker. Paused workers
    take no new jobs and unload their models. The order holds whoever hears it, also for workers that start later.
    """
    require_one(job=job_id, queue=queue, worker=worker, fleet=fleet)
    full_id = session.job(job_id).id if job_id else None
    if full_id and keep_warm:
        raise click.UsageError("a paused job unloads no models; --keep-warm belongs to --queue, --worker or --fleet")
    outcome = session.fleet.orders.pause(job_id=full_id, queue=queue, worker=worker, fleet=fleet, reason=reason, keep_warm=keep_warm)
    told = (
        tell_job(full_id, outcome, meanwhile={"running": "pauses at its next step"})
        if full_id
        else f"{printable(outcome.recorded['scope'])} is paused"
    )
    tell_outcome(outcome, as_json=session.json, done=told)
