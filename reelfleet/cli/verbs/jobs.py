"""``reel jobs``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reelfleet.cli.output import shown_id, write_json, write_table
from reelfleet.cli.session import Session, common_options, pass_session

if TYPE_CHECKING:
    from reelfleet.contract.job import JobStatus


@click.command()
@click.option("--state", metavar="STATE", help="Only jobs in this state: queued, running, paused, succeeded, failed, aborted, quarantined.")
@click.option("--tenant", metavar="NAME", help="Only jobs of this tenant.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="How many.")
@common_options
@pass_session
def jobs(session: Session, state: str | None, tenant: str | None, limit: int) -> None:
    """List jobs, the newest first."""
    from reelfleet.cli.describing import describe_time  # noqa: PLC0415 - the contract is loaded only by verbs that read it

    found = session.fleet.jobs(state=state, tenant=tenant, limit=limit)
    if session.json:
        write_json(found)
        return
    rows = [
        (
            shown_id(job.job_id),
            job.model,
            job.state.value,
            job.stage.value,
            _where(job),
            job.attempt,
            job.worker,
            describe_time(job.created),
        )
        for job in found
    ]
    write_table(("JOB", "MODEL", "STATE", "STAGE", "PROGRESS", "ATTEMPT", "WORKER", "CREATED"), rows)


def _where(job: JobStatus) -> str:
    """Return how far a job is, or where one ended that did not succeed."""
    from reelfleet.cli.describing import describe_progress  # noqa: PLC0415 - as above

    if job.progress is None or job.state.value == "succeeded":
        return ""
    return str(job.progress) if job.state.terminal else describe_progress(job.progress)
