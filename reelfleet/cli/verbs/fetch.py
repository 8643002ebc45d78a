"""``reel fetch``."""

from __future__ import annotations

from pathlib import Path

import click

from reelfleet.cli.exit_codes import ExitCode
from reelfleet.cli.output import say, write_json, write_line
from reelfleet.cli.session import Session, common_options, pass_session


@click.command()
@click.argument("job_id", metavar="JOB")
@click.option("-o", "--output", "folder", metavar="DIR", required=True, type=click.Path(path_type=Path, file_okay=False), help="Where to.")
@common_options
@pass_session
def fetch(session: Session, job_id: str, folder: Path) -> ExitCode:
    """Write JOB's artifacts and manifest.json into DIR and print their paths.

    A file appears under its name only after its hash was checked against the manifest.
    """
    from reelfleet.cli.reporting import report_error  # noqa: PLC0415 - the contract is loaded only by verbs that read it
    from reelfleet.cli.waiting import tell_end  # noqa: PLC0415 - as above
    from reelfleet.contract.errors import InputMissing, WaitTimeout  # noqa: PLC0415 - as above
    from reelfleet.contract.job import JobState  # noqa: PLC0415 - as above

    job = session.job(job_id)
    status = job.status()
    state = status.state
    if not state.terminal:
        raise WaitTimeout(f"job {job.id} is {state.value} and has delivered nothing yet; wait for it: reel watch {job.id}")
    if state is not JobState.SUCCEEDED:
        return tell_end(job, as_json=session.json)
    try:
        paths = job.result().download(folder)
    except InputMissing as error:
        report_error(error, as_json=session.json)
        return ExitCode.NOT_FOUND
    if session.json:
        write_json({"job_id": job.id, "files": [str(path) for path in paths], "manifest": str(folder / "manifest.json")})
        return ExitCode.DONE
    for path in (*paths, folder / "manifest.json"):
        write_line(str(path))
    if status.follow_up:
        say(f"job {status.follow_up} mattes it; fetch that too: reel fetch {status.follow_up} -o DIR")
    return ExitCode.DONE
