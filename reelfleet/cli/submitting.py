"""Submitting at the command line: shared by every verb that makes a job."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from reelfleet.cli.exit_codes import ExitCode
from reelfleet.cli.output import say, write_json, write_line

if TYPE_CHECKING:
    from reelfleet.cli.session import Session
    from reelfleet.client.job import Job

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class WaitOptions:
    """Whether and how to wait for a job."""

    detach: bool
    timeout: float | None = None
    folder: Path | None = None


def wait_options(*, waits: bool) -> Callable[[F], F]:
    """Add ``--detach`` (for a verb that waits) or ``--wait``, and ``--timeout`` and ``-o``."""

    def add(command: F) -> F:
        command = click.option(
            "-o",
            "--output",
            "folder",
            metavar="DIR",
            type=click.Path(path_type=Path, file_okay=False),
            help="Fetch the artifacts into DIR.",
        )(command)
        command = click.option("--timeout", type=click.FloatRange(min=0), metavar="S", help="Seconds to wait; the job goes on after them.")(
            command
        )
        if waits:
            return click.option("--detach", is_flag=True, help="Print the job's id and do not wait.")(command)
        return click.option("--wait", is_flag=True, help="Wait for the job; without it its id is printed.")(command)

    return add


def queue_anyway_option(command: F) -> F:
    """Add ``--queue-anyway``."""
    return click.option("--queue-anyway", is_flag=True, help="Let the job wait although no living worker serves its models.")(command)


def dry_run_option(command: F) -> F:
    """Add ``--dry-run``."""
    return click.option("--dry-run", is_flag=True, help="Print what would be run and touch nothing.")(command)


def submit_and_tell(session: Session, request: dict[str, Any], *, queue_anyway: bool, wait: WaitOptions) -> ExitCode:
    """Submit a request of either kind, then wait for its job or print its id."""
    from reelfleet.submission import new_job_id  # noqa: PLC0415 - celery is loaded only by verbs that need it

    # The id is chosen here so that Ctrl-C can name the job before the answer is there.
    session.making_id, session.making = new_job_id(), request
    return follow_or_name(session, session.fleet.submit(request, queue_anyway=queue_anyway, job_id=session.making_id), wait)


def follow_or_name(session: Session, job: Job, wait: WaitOptions) -> ExitCode:
    """Wait for a job and for the one that mattes its result, or print its id."""
    session.job_id = job.id
    if not wait.detach:
        from reelfleet.cli.waiting import wait_and_tell  # noqa: PLC0415 - only a wait needs it

        say(f"job {job.id}")
        return wait_and_tell(session, job, timeout=wait.timeout, folder=wait.folder, with_follow_up=True)
    if session.json:
        write_json(job.status())
    else:
        write_line(job.id)
    return ExitCode.DONE
