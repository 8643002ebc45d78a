"""``reel priority``."""

from __future__ import annotations

import click

from reelfleet.cli.output import say, write_json
from reelfleet.cli.session import Session, common_options, pass_session


@click.command()
@click.argument("job_id", metavar="JOB")
@click.argument("priority", metavar="0-9", type=click.IntRange(0, 9))
@common_options
@pass_session
def priority(session: Session, job_id: str, priority: int) -> None:
    """Change how soon JOB is taken: 0 first, 9 last. Redis keeps 0-2, 3-5, 6-8 and 9 apart."""
    job = session.job(job_id)
    job.set_priority(priority)
    status = job.status()
    if session.json:
        write_json(status)
    elif status.priority == priority:
        say(f"job {job.id} has priority {priority}")
    else:
        say(f"job {job.id} has ended ({status.state.value}); its priority stays {status.priority}")
