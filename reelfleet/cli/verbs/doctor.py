"""``reel doctor``."""

from __future__ import annotations

import click

from reelfleet.cli.exit_codes import ExitCode
from reelfleet.cli.output import printable, write_json, write_line
from reelfleet.cli.session import Session, common_options, pass_session


@click.command()
@common_options
@pass_session
def doctor(session: Session) -> ExitCode:
    """Check broker, durability, clock, store, workers, versions and steward, and say how to mend what is wrong.

    Exit status: 0 if nothing fails (there may be warnings), 1 if something does, 3 if broker or store cannot be reached.
    """
    from reelfleet.client.diagnosis import Verdict  # noqa: PLC0415 - redis is loaded only by verbs that need it

    checks = []
    for check in session.fleet.diagnose():
        checks.append(check)
        if session.json:
            continue
        write_line(f"{check.verdict.value:<5} {check.name:<11} {printable(check.found)}")
        if check.mend and check.verdict is not Verdict.OK:
            write_line(f"      {'':<11} mend: {printable(check.mend)}")
    if session.json:
        write_json(checks)
    if any(check.unreachable for check in checks):
        return ExitCode.UNREACHABLE
    return ExitCode.FAILED if any(check.verdict is Verdict.FAIL for check in checks) else ExitCode.DONE
