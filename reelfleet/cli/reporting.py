"""How errors are told: what, why, how to mend; each problem on a line of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reelfleet.cli.output import printable, say, write_json

if TYPE_CHECKING:
    from reelfleet.contract.errors import FleetError


def report_error(error: FleetError, *, as_json: bool) -> None:
    """Tell an error: for programs on stdout, for people on stderr."""
    if as_json:
        write_json({"error": error.to_wire()})
        return
    problems = error.details.get("problems")
    if not isinstance(problems, list) or not all(isinstance(problem, dict) for problem in problems):
        say(f"reel: {printable(error.message)}")
        return
    count = len(problems)
    say(f"reel: {error.code.value}: {count} problem{'s' if count != 1 else ''}")
    for problem in problems:
        say(f"  {printable(problem.get('field', '?'))}: {printable(problem.get('problem', ''))}")


def report_usage(message: str, *, hint: str | None, as_json: bool) -> None:
    """Tell a mistake on the command line."""
    if as_json:
        write_json({"error": {"code": "invalid_request", "message": message, "retryable": False, "details": {}}})
        return
    say(f"reel: {printable(message)}")
    if hint:
        say(f"Try '{hint} --help'.")
