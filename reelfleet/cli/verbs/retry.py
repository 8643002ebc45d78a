"""``reel retry``."""

from __future__ import annotations

from pathlib import Path

import click

from reelfleet.cli.exit_codes import ExitCode
from reelfleet.cli.output import say
from reelfleet.cli.session import Session, common_options, pass_session
from reelfleet.cli.submitting import WaitOptions, follow_or_name, wait_options


@click.command()
@click.argument("job_id", metavar="JOB")
@click.option("--queue-anyway", is_flag=True, help="Let the job wait although no living worker serves its model.")
@wait_options(waits=False)
@common_options
@pass_session
def retry(session: Session, job_id: str, queue_anyway: bool, wait: bool, timeout: float | None, folder: Path | None) -> ExitCode:
    """Make a new job of JOB's request, with the same seed, and print its id.

    A job that has ended never changes; the new one notes which it repeats.
    """
    old = session.job(job_id)
    new = session.fleet.retry(old.id, queue_anyway=queue_anyway)
    say(f"retrying {old.id} as {new.id}")
    waits = wait or timeout is not None or folder is not None
    return follow_or_name(session, new, WaitOptions(not waits, timeout, folder))
