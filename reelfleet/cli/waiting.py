"""Waiting for a job at the command line, and saying how it ended."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from reelfleet.cli.exit_codes import ExitCode, exit_code_of_state
from reelfleet.cli.output import say, write_json, write_line
from reelfleet.cli.progress_views import view_for
from reelfleet.cli.reporting import report_error
from reelfleet.contract.errors import WaitTimeout
from reelfleet.contract.job import JobState

if TYPE_CHECKING:
    from reelfleet.cli.session import Session
    from reelfleet.client.job import Job
    from reelfleet.contract.job import JobStatus


def wait_and_tell(session: Session, job: Job, *, timeout: float | None = None, after: str = "0", folder: Path | None = None) -> ExitCode:
    """Show a job until it ends, then tell its result; Ctrl-C leaves the job alone.

    With ``folder`` the artifacts of a job that succeeded are fetched into it.
    """
    session.job_id = job.id
    as_json = session.json
    try:
        with view_for(as_json=as_json) as view:
            for event in job.events(after=after, timeout=timeout):
                view.show(event)
    except WaitTimeout as error:
        report_error(error, as_json=as_json)
        if as_json:
            write_json(job.status())
        return ExitCode.WAIT_TIMED_OUT
    session.job_has_ended = True
    return tell_end(job, as_json=as_json, folder=folder)


def tell_end(job: Job, *, as_json: bool, folder: Path | None = None) -> ExitCode:
    """Tell how an ended job ended: the job object for programs, the places of its artifacts for people."""
    status = job.status()
    places: list[str] = []
    if status.state is JobState.SUCCEEDED:
        result = job.result()
        places = [str(path) for path in result.download(folder)] if folder is not None else [artifact.uri for artifact in result.artifacts]
    if as_json:
        write_json(status)
    elif status.state is JobState.SUCCEEDED:
        for place in places:
            write_line(place)
        say(f"job {status.job_id} succeeded" + ("" if folder else f"; fetch it: reel fetch {status.job_id} -o DIR"))
    else:
        say(_why(status))
    return exit_code_of_state(status.state)


def _why(status: JobStatus) -> str:
    error = status.error
    if error is None:
        return f"reel: job {status.job_id} {status.state.value}"
    code = "" if error.code.value == status.state.value else f" {error.code.value}:"
    return f"reel: job {status.job_id} {status.state.value}:{code} {error.message}"
