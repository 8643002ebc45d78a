"""Options that name what an order is about, and the answers that workers give."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from reelfleet.cli.output import printable, say, write_json

if TYPE_CHECKING:
    from reelfleet.client.orders import OrderOutcome

F = TypeVar("F", bound=Callable[..., Any])


def scope_options(command: F) -> F:
    """Add ``--queue``, ``--worker`` and ``--fleet``."""
    command = click.option("--fleet", is_flag=True, help="The whole fleet.")(command)
    command = click.option("--worker", metavar="W", help="One worker; `reel workers` lists them.")(command)
    return click.option("--queue", metavar="Q", help="One queue; `reel queues` lists them.")(command)


def require_one(**named: Any) -> None:
    """Refuse unless exactly one of the scopes is named."""
    given = [name for name, value in named.items() if value]
    if len(given) != 1:
        raise click.UsageError(f"name exactly one of JOB, {', '.join(f'--{name}' for name in named if name != 'job')}")


def tell_outcome(outcome: OrderOutcome, *, as_json: bool, done: str) -> None:
    """Tell what was recorded and what the workers said; an order stands whatever they say."""
    if as_json:
        write_json({"recorded": outcome.recorded, "workers": outcome.workers})
        return
    say(done)
    for worker, answer in outcome.workers.items():
        error = answer.get("error")
        say(f"  {printable(worker)}: {printable(error.get('message', error)) if error else 'ok'}")


def tell_job(job_id: str, outcome: OrderOutcome, *, meanwhile: dict[str, str]) -> str:
    """Return where a job stands right after an order; ``meanwhile`` words the states that its worker is about to leave."""
    state = outcome.recorded["state"]
    return f"job {job_id} {meanwhile[state]}" if state in meanwhile else f"job {job_id}: {state}"
