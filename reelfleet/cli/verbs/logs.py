"""``reel logs``."""

from __future__ import annotations

import click

from reelfleet.cli.output import write_json, write_line
from reelfleet.cli.session import Session, common_options, pass_session


@click.command()
@click.argument("job_id", metavar="JOB")
@click.option("-f", "--follow", is_flag=True, help="Wait for more until the job ends.")
@click.option("--after", metavar="OFFSET", default="0", help="Begin after this event.")
@common_options
@pass_session
def logs(session: Session, job_id: str, follow: bool, after: str) -> None:
    """Show everything that happened to JOB, with times."""
    from reelfleet.cli.describing import describe_event, describe_time  # noqa: PLC0415 - the contract is loaded only by verbs that read it

    for event in session.job(job_id).events(after=after, follow=follow):
        if session.json:
            write_json(event)
        else:
            write_line(f"{describe_time(event.at)}  {describe_event(event)}")
