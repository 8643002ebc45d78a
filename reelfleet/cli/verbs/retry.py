"""``reel retry``."""

from __future__ import annotations

from pathlib import Path

import click

from reelfleet.cli.exit_codes import ExitCode
from reelfleet.cli.output import say
from reelfleet.cli.session import Session, common_options, pass_session
from reelfleet.cli.submitting import WaitOptions, follow_or_name, queue_anyway_option, wait_options


@click.command()
@click.argument("job_id", metavar="JOB")
@click.option("--from-scratch", is_flag=True, help="Begin at the beginning, although JOB left a checkpoint.")
@queue_anyway_option
@wait_options(waits=False)
@common_options
@pass_session
def retry(
    session: Session, job_id: str, from_scratch: bool, queue_anyway: bool, wait: bool, timeout: float | None, folder: Path | None
) -> ExitCode:
    """Make a new job of JOB's request, with the same seed, and print its id.

    A job that failed or was quarantined may have left a checkpoint; the new job goes on from there. A job that has ended
    never changes; the new one notes which it repeats.
    """
    from reelfleet.contract.names import unit_of  # noqa: PLC0415 - the contract is loaded only by verbs that read it
    from reelfleet.submission import new_job_id  # noqa: PLC0415 - celery is loaded only by verbs that need it

    old = session.job(job_id)
    # As for a new request: Ctrl-C can name the job before the answer is there.
    session.making_id = new_job_id()
    new = old.retry(from_scratch=from_scratch, queue_anyway=queue_anyway, new_id=session.making_id)
    session.job_id = new.id
    status = new.status()
    mark, unit = status.checkpoint, unit_of(status.kind)
    say(f"retrying {old.id} as {new.id}, " + (f"resuming after {unit} {mark.step}/{mark.of}" if mark else "from the beginning"))
    waits = wait or timeout is not None or folder is not None
    return follow_or_name(session, new, WaitOptions(not waits, timeout, folder))
