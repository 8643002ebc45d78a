"""Ctrl-C: the job that was being made or watched is named, so that it can be found again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reelfleet.cli.output import say
from reelfleet.contract.errors import FleetError

if TYPE_CHECKING:
    from reelfleet.cli.session import Session


def tell_interrupted(session: Session) -> None:
    """Say what becomes of the job that this run was about, if there is one."""
    try:
        known = session.job_id or _find(session)
    except FleetError:
        say("interrupted; whether the job was taken could not be seen. Look for it: reel status " + session.making_id)
        return
    if known is None:
        say("reel: interrupted")
    elif session.job_has_ended:
        say(f"interrupted; job {known} has ended. See it again: reel watch {known}")
    else:
        say(f"detached; job {known} goes on. Watch it again: reel watch {known}")


def _find(session: Session) -> str | None:
    """Return the job that a submission has led to, if it got that far."""
    if not session.making_id:
        return None
    # What was under way on the old connections is of no interest any more.
    session.fleet.close()
    tenant, key = session.making.get("tenant") or "default", session.making.get("idempotency_key")
    return session.fleet.ledger.jobs.submitted_as(job_id=session.making_id, tenant=tenant, idempotency_key=key)
