"""``reel submit``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TextIO

import click

from reelfleet.cli.exit_codes import ExitCode
from reelfleet.cli.session import Session, common_options, pass_session
from reelfleet.cli.submitting import WaitOptions, queue_anyway_option, submit_and_tell, wait_options


@click.command()
@click.argument("source", metavar="FILE|-", type=click.File("r", encoding="utf-8"))
@queue_anyway_option
@wait_options(waits=False)
@common_options
@pass_session
def submit(session: Session, source: TextIO, queue_anyway: bool, wait: bool, timeout: float | None, folder: Path | None) -> ExitCode:
    """Submit a request from a JSON file, or from stdin with `-`, and print the job's id.

    `reel schema GenerateRequest` and `reel schema MatteRequest` tell the form; `kind` says which it is. With --wait, --timeout or -o the job is waited for.
    """
    waits = wait or timeout is not None or folder is not None
    return submit_and_tell(session, _read(source), queue_anyway=queue_anyway, wait=WaitOptions(not waits, timeout, folder))


def _read(source: TextIO) -> dict[str, Any]:
    try:
        data = json.load(source)
    except ValueError as error:
        raise click.UsageError(f"{source.name} is not JSON: {error}") from error
    if not isinstance(data, dict):
        raise click.UsageError(f"{source.name} holds a JSON {type(data).__name__} where one request, an object, is expected")
    return data
