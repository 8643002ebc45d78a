"""``reel status``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reelfleet.cli.output import printable, shown_id, write_json, write_line, write_table
from reelfleet.cli.session import Session, common_options, pass_session

if TYPE_CHECKING:
    from reelfleet.client.overview import FleetStatus, PauseStatus
    from reelfleet.ledger.types import Pause


@click.command()
@click.argument("job_id", metavar="[JOB]", required=False)
@common_options
@pass_session
def status(session: Session, job_id: str | None) -> None:
    """Show JOB, or without one the fleet: jobs by state, queues, workers, pauses."""
    if job_id is None:
        fleet = session.fleet.status()
        write_json(fleet) if session.json else _show_fleet(fleet)
        return
    found = session.job(job_id).status()
    if session.json:
        write_json(found)
        return
    from reelfleet.cli.job_facts import facts_of, write_facts  # noqa: PLC0415 - the contract is loaded only by verbs that read it
    from reelfleet.client.overview import pauses_over  # noqa: PLC0415 - as above

    pauses = session.fleet.ledger.pauses.all()
    write_facts(facts_of(found, [describe_pause(scope, pauses[scope]) for scope in pauses_over(found, pauses)]))


def describe_pause(scope: str, pause: Pause | PauseStatus) -> str:
    """Return a pause with who gave it and why."""
    kept = ", models stay in memory" if pause.keep_warm else ""
    return f"{scope}, by {pause.by}{kept}" + (f": {pause.reason}" if pause.reason else "")


def _show_fleet(fleet: FleetStatus) -> None:
    write_line("jobs      " + (", ".join(f"{count} {state}" for state, count in fleet.jobs.items() if count) or "none"))
    for scope, pause in fleet.pauses.items():
        write_line(f"paused    {printable(describe_pause(scope, pause))}")
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
