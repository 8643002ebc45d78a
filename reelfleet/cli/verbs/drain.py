"""``reel drain``."""

from __future__ import annotations

import click

from reelfleet.cli.exit_codes import ExitCode
from reelfleet.cli.reporting import report_error
from reelfleet.cli.scopes import tell_outcome
from reelfleet.cli.session import Session, common_options, pass_session


@click.command()
@click.argument("worker", metavar="WORKER")
@click.option("--reason", default="", help="Why; `reel workers` shows it.")
@common_options
@pass_session
def drain(session: Session, worker: str, reason: str) -> ExitCode:
    """Let WORKER leave: it takes nothing new, a running job leaves a checkpoint and goes on elsewhere, and it exits.

    A job that is being written and uploaded is finished. The worker's REEL_DRAIN_GRACE_S bounds all that.
    """
    from reelfleet.admission import close_names  # noqa: PLC0415 - the contract is loaded only by verbs that read it
    from reelfleet.contract.errors import NoWorker  # noqa: PLC0415 - as above

    alive = [info.name for info in session.fleet.workers()]
    if worker not in alive:
        close = close_names(worker, alive)
        hint = f"did you mean {' or '.join(close)}?" if close else "`reel workers` lists those that are"
        report_error(NoWorker(f"no worker {worker!r} is alive; {hint}", details={"worker": worker, "close": close}), as_json=session.json)
        return ExitCode.NOT_FOUND
    tell_outcome(session.fleet.orders.drain(worker, reason), as_json=session.json, done=f"{worker} drains")
    return ExitCode.DONE
