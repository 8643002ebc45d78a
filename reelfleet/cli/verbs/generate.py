"""``reel generate``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from reelfleet.cli.exit_codes import ExitCode
from reelfleet.cli.mask_options import mask_options, masks_of
from reelfleet.cli.output import say, write_json
from reelfleet.cli.request_options import fields_of, parameters_of, request_options
from reelfleet.cli.request_tables import FOLLOW_UP, GENERATION, IMAGE_OUTPUT, JOB, OUTPUT
from reelfleet.cli.session import Session, common_options, pass_session
from reelfleet.cli.submitting import WaitOptions, dry_run_option, queue_anyway_option, submit_and_tell, wait_options

TABLES = (GENERATION, OUTPUT, IMAGE_OUTPUT, JOB, FOLLOW_UP)
PREFIX = "matte-"


@click.command()
@request_options(*TABLES)
@mask_options(PREFIX)
@click.option("--param", metavar="KEY=JSON", multiple=True, help="An engine parameter; may be given several times.")
@queue_anyway_option
@dry_run_option
@wait_options(waits=True)
@common_options
@pass_session
def generate(
    session: Session, /, queue_anyway: bool, dry_run: bool, detach: bool, timeout: float | None, folder: Path | None, **options: Any
) -> ExitCode:
    """Generate a clip or an image and wait for it.

    Prints where the artifacts lie, or with -o fetches them and prints their paths.
    Ctrl-C detaches: the job goes on, and `reel watch` shows it again.

    With --matte-mask, --matte-point, --matte-box or --matte-text the result is also matted, by a job of its own that follows. Both are
    waited for; -o fetches both results, and the second one's manifest as manifest-matte.json.
    """
    fields = _fields_of(options)
    if dry_run:
        spec = session.fleet.resolve(fields)
        if fields.get("seed") in {None, "-1"}:
            say("the seed was left open: this one was drawn for the dry run, a job draws its own")
        if "matte" in fields:
            say("what mattes the result was checked as well; it would be a job of its own")
        write_json(spec, indent=None if session.json else 2)
        return ExitCode.DONE
    return submit_and_tell(session, fields, queue_anyway=queue_anyway, wait=WaitOptions(detach, timeout, folder))


def _fields_of(options: dict[str, Any]) -> dict[str, Any]:
    fields, masks = fields_of(options, *TABLES), masks_of(options, PREFIX)
    if options["param"]:
        fields["engine_params"] = parameters_of(options["param"])
    if masks:
        fields.setdefault("matte", {})["masks"] = masks
    return fields
