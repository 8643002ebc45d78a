"""``reel watch``."""

from __future__ import annotations

import click

from reelfleet.cli.exit_codes import ExitCode
from reelfleet.cli.session import Session, common_options, pass_session


@click.command()
@click.argument("job_id", metavar="JOB")
@click.option("--after", metavar="OFFSET", default="0", help="Begin after this event; the offset is in `--json` events.")
@click.option("--timeout", type=click.FloatRange(min=0), metavar="S", help="Seconds to wait; the job goes on after them.")
@common_options
@pass_session
def watch(session: Session, job_id: str, after: str, timeout: float | None) -> ExitCode:
    """Follow JOB until it ends; a job that has ended is told again from its beginning.

    The exit status is the job's: 0 succeeded, 1 failed, 5 aborted.
    """
    from reelfleet.cli.waiting import wait_and_tell  # noqa: PLC0415 - the contract is loaded only by verbs that read it

    return wait_and_tell(session, session.job(job_id), timeout=timeout, after=after)
