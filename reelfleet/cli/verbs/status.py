"""``reel status``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reelfleet.cli.output import printable, shown_id, write_json, write_line, write_table
from reelfleet.cli.session import Session, common_options, pass_session

if TYPE_CHECKING:
    from reelfleet.client.overview import FleetStatus
    from reelfleet.contract.job import JobStatus


@click.command()
@click.argument("job_id", metavar="[JOB]", required=False)
@common_options
@pass_session
def status(session: Session, job_id: str | None) -> None:
    """Show JOB, or without one the fleet: jobs by state, queues, workers, pauses."""
    if job_id is not None:
        found = session.job(job_id).status()
        write_json(found) if session.json else _show_job(found)
        return
    fleet = session.fleet.status()
    write_json(fleet) if session.json else _show_fleet(fleet)


def _show_job(status: JobStatus) -> None:
    from reelfleet.cli.describing import describe_duration, describe_progress, describe_time  # noqa: PLC0415 - loaded only when shown

    facts = {
        "job": status.job_id,
        "state": status.state.value,
        "stage": status.stage.value,
        "progress": describe_progress(status.progress) if status.progress and not status.state.terminal else "",
        "model": status.model,
        "attempt": status.attempt,
        "worker": status.worker,
        "priority": status.priority,
        "tenant": status.tenant,
        "created": describe_time(status.created),
        "started": describe_time(status.started),
        "finished": describe_time(status.finished),
        "took": describe_duration(status),
        "manifest": status.manifest_uri,
        "error": f"{status.error.code.value}: {status.error.message}" if status.error else "",
    }
    for name, value in facts.items():
        if value not in {None, ""}:
            write_line(f"{name:<9} {printable(value)}")
    for artifact in status.artifacts:
        write_line(f"artifact  {printable(artifact.name)} ({artifact.role.value}, {artifact.bytes} bytes)")
    for note in status.notes:
        write_line(f"note      {printable(note)}")


def _show_fleet(fleet: FleetStatus) -> None:
    write_line("jobs      " + (", ".join(f"{count} {state}" for state, count in fleet.jobs.items() if count) or "none"))
    for scope, pause in fleet.pauses.items():
        write_line(f"paused    {printable(scope)}, by {printable(pause.by)}" + (f": {printable(pause.reason)}" if pause.reason else ""))
    for queue in fleet.queues:
        if queue.waiting:
            write_line(
                f"queue     {queue.name}: {queue.waiting} waiting, {len(queue.workers) or 'no'} worker{'s' if len(queue.workers) != 1 else ''}"
            )
    if not fleet.workers:
        write_line("workers   none")
        return
    write_table(
        ("WORKER", "ROLE", "STATE", "JOB"),
        [(worker.name, worker.role.value, worker.state.value, shown_id(worker.job_id)) for worker in fleet.workers],
    )
