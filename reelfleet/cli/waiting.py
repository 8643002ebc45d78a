"""Waiting for a job at the command line, and saying how it ended."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
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
    from reelfleet.client.result import Result
    from reelfleet.contract.job import JobStatus

MANIFESTS = ("manifest.json", "manifest-matte.json")
"""Names in the folder: of a job's manifest, and of that of the job which mattes its result."""


@dataclass
class Landing:
    """Where results are told to lie: in the store, or in a folder into which they are fetched one after the other."""

    folder: Path | None = None
    _files: list[Path] = field(default_factory=list)
    _results: int = 0

    def places(self, result: Result) -> list[str]:
        """Return where a result's artifacts lie, once they do."""
        if self.folder is None:
            return [artifact.uri for artifact in result.artifacts]
        paths = result.download(self.folder, manifest_name=MANIFESTS[self._results], beside=self._files)
        self._files += paths
        self._results += 1
        return [str(path) for path in paths]


def wait_and_tell(
    session: Session, job: Job, *, timeout: float | None = None, after: str = "0", folder: Path | None = None, with_follow_up: bool = False
) -> ExitCode:
    """Show a job until it ends, then tell its result; Ctrl-C leaves the job alone.

    With ``folder`` the artifacts of a job that succeeded are fetched into it. With ``with_follow_up`` the job that mattes the result is
    waited for and told as well, within the same time.
    """
    deadline, landing = None if timeout is None else time.monotonic() + timeout, Landing(folder)
    code = _wait_for_one(session, job, timeout=timeout, after=after, landing=landing)
    follow_up = job.follow_up() if with_follow_up and code is ExitCode.DONE else None
    if follow_up is None:
        return code
    session.job_has_ended = False
    return _wait_for_one(session, follow_up, timeout=None if deadline is None else max(0.0, deadline - time.monotonic()), landing=landing)


def _wait_for_one(session: Session, job: Job, *, timeout: float | None, landing: Landing, after: str = "0") -> ExitCode:
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
    return tell_end(job, as_json=as_json, landing=landing)


def tell_end(job: Job, *, as_json: bool, landing: Landing | None = None) -> ExitCode:
    """Tell how an ended job ended: the job object for programs, the places of its artifacts for people."""
    status, landing = job.status(), landing or Landing()
    places = landing.places(job.result()) if status.state is JobState.SUCCEEDED else []
    if as_json:
        write_json(status)
    elif status.state is JobState.SUCCEEDED:
        for place in places:
            write_line(place)
        say(f"job {status.job_id} succeeded" + ("" if landing.folder else f"; fetch it: reel fetch {status.job_id} -o DIR"))
        if status.follow_up:
            say(f"job {status.follow_up} mattes the result")
    else:
        say(_why(status))
    return exit_code_of_state(status.state)


def _why(status: JobStatus) -> str:
    error = status.error
    if error is None:
        return f"reel: job {status.job_id} {status.state.value}"
    code = "" if error.code.value == status.state.value else f" {error.code.value}:"
    return f"reel: job {status.job_id} {status.state.value}:{code} {error.message}"
