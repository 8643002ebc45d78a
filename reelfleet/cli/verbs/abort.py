"""``reel abort``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reelfleet.cli.scopes import require_one, tell_outcome
from reelfleet.cli.session import Session, common_options, pass_session

if TYPE_CHECKING:
    from reelfleet.client.orders import OrderOutcome


@click.command()
@click.argument("job_ids", metavar="[JOB]...", nargs=-1)
@click.option("--queue", metavar="Q", help="Every open job of a queue; needs --yes.")
@click.option("--fleet", is_flag=True, help="Every open job; needs --yes.")
@click.option("--yes", is_flag=True, help="Yes, all of them.")
@click.option("--reason", default="", help="Why; the job's error tells it.")
@common_options
@pass_session
def abort(session: Session, job_ids: tuple[str, ...], queue: str | None, fleet: bool, yes: bool, reason: str) -> None:
    """Stop jobs for good: those that wait at once, those that run within a step."""
    require_one(job=job_ids, queue=queue, fleet=fleet)
    if not job_ids and not yes:
        raise click.UsageError(f"this aborts every open job {'of ' + queue if queue else 'of the fleet'}; add --yes if you mean it")
    # Every id is looked up before the first job is stopped: a typo in the second aborts none.
    full_ids = [session.job(job_id).id for job_id in job_ids]
    orders = session.fleet.orders
    outcomes = [orders.abort(job_id=job_id, reason=reason) for job_id in full_ids] or [
        orders.abort(queue=queue, fleet=fleet, reason=reason)
    ]
    for outcome in outcomes:
        tell_outcome(outcome, as_json=session.json, done=_told(outcome))


def _told(outcome: OrderOutcome) -> str:
    states = outcome.recorded["jobs"]
    if not states:
        return "no open job"
    lines = (f"job {job_id}: {'stops at its next step' if state in {'running', 'paused'} else state}" for job_id, state in states.items())
    return "\n".join(lines)
