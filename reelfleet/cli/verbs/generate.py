"""``reel generate``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from reelfleet.cli.exit_codes import ExitCode
from reelfleet.cli.output import say, write_json
from reelfleet.cli.request_options import fields_of, request_options
from reelfleet.cli.session import Session, common_options, pass_session
from reelfleet.cli.submitting import WaitOptions, submit_and_tell, wait_options


@click.command()
@request_options
@click.option("--queue-anyway", is_flag=True, help="Let the job wait although no living worker serves its model.")
@click.option("--dry-run", is_flag=True, help="Print the resolved spec and touch nothing.")
@wait_options(waits=True)
@common_options
@pass_session
def generate(
    session: Session, /, queue_anyway: bool, dry_run: bool, detach: bool, timeout: float | None, folder: Path | None, **options: Any
) -> ExitCode:
    """Generate a clip or an image and wait for it.

    Prints where the artifacts lie, or with -o fetches them and prints their paths.
    Ctrl-C detaches: the job goes on, and `reel watch` shows it again.
    """
    fields = fields_of(options)
    if dry_run:
        spec = session.fleet.resolve(**fields)
        if fields.get("seed") in {None, "-1"}:
            say("the seed was left open: this one was drawn for the dry run, a job draws its own")
        write_json(spec, indent=None if session.json else 2)
        return ExitCode.DONE
    return submit_and_tell(session, fields, queue_anyway=queue_anyway, wait=WaitOptions(detach, timeout, folder))
