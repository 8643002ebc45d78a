"""``reel matte``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from reelfleet.cli.exit_codes import ExitCode
from reelfleet.cli.mask_options import mask_options, masks_of
from reelfleet.cli.output import say, write_json
from reelfleet.cli.request_options import fields_of, request_options
from reelfleet.cli.request_tables import JOB, MATTING, OUTPUT
from reelfleet.cli.session import Session, common_options, pass_session
from reelfleet.cli.submitting import WaitOptions, dry_run_option, queue_anyway_option, submit_and_tell, wait_options

TABLES = (MATTING, OUTPUT, JOB)


@click.command()
@click.argument("source", metavar="SOURCE")
@mask_options()
@request_options(*TABLES)
@queue_anyway_option
@dry_run_option
@wait_options(waits=True)
@common_options
@pass_session
def matte(
    session: Session,
    /,
    source: str,
    queue_anyway: bool,
    dry_run: bool,
    detach: bool,
    timeout: float | None,
    folder: Path | None,
    **options: Any,
) -> ExitCode:
    """Cut a target out of SOURCE, a clip or an image, and wait for it. SOURCE is a local file, which is uploaded, or a URI.

    A mask, clicks, a box or words say what the target is. FRAME is the number of the frame that they are about, from 0; without it the
    first. TARGET names one of several, each of which gets an alpha of its own.

    Prints where the artifacts lie, or with -o fetches them and prints their paths.
    Ctrl-C detaches: the job goes on, and `reel watch` shows it again.
    """
    masks = masks_of(options)
    if not masks:
        raise click.UsageError("say what the target is: --mask FILE, --point X,Y, --box LEFT,TOP,RIGHT,BOTTOM or --text WORDS")
    request = {"kind": "matte", "source": source, "masks": masks, **fields_of(options, *TABLES)}
    if dry_run:
        checked = session.fleet.resolve(request)
        say("what is known without opening the source; whether frames, masks and sizes fit it is seen by the worker that does")
        write_json(checked, indent=None if session.json else 2)
        return ExitCode.DONE
    return submit_and_tell(session, request, queue_anyway=queue_anyway, wait=WaitOptions(detach, timeout, folder))
