"""``docs/reference/errors.md``."""

from __future__ import annotations

from deploy.docs.comments import member_comments
from deploy.docs.markdown import code, page, table
from reelfleet.cli.exit_codes import ExitCode, exit_code_of
from reelfleet.contract.errors import ErrorCode, FleetError, error_classes

INTRODUCTION = """
In `--json` output, events, job objects, error entries of the store and control answers, an error is always
`{"code", "message", "retryable", "details"}`. The message says what happened, why, and how to mend it. Branch on `code`, never on the message.
In Python the matching class of `reelfleet.contract.errors` is raised; all are subclasses of `reelfleet.FleetError`.

* **retryable**: the fleet tries again by itself, up to `REEL_MAX_ATTEMPTS` attempts. An error that is not retryable ends the job at once.
* **worker-fatal**: the worker cannot go on and has to be replaced.
* **exit**: exit status of `reel` when the command itself ends with this error. A command that waited for a job tells the job's end instead:
  1 for `failed` and `quarantined`, 5 for `aborted`.
"""


def errors_page() -> str:
    """Return the page."""
    meanings, classes = member_comments(ErrorCode), error_classes()
    codes = table(
        ("code", "exception", "meaning", "retryable", "worker-fatal", "exit"),
        (_row(code_, meanings[code_.name], classes[code_]) for code_ in ErrorCode),
    )
    statuses = member_comments(ExitCode)
    exits = table(("status", "meaning"), ((code(status.value), statuses[status.name]) for status in ExitCode))
    return page("Errors", INTRODUCTION, "## Codes", codes, "## Exit statuses of `reel`", exits)


def _row(error_code: ErrorCode, meaning: str, cls: type[FleetError]) -> tuple[str, ...]:
    return (
        code(error_code.value),
        code(cls.__name__),
        meaning.replace("``", "`"),
        _yes(cls.retryable),
        _yes(cls.worker_fatal),
        code(exit_code_of(cls()).value),
    )


def _yes(truth: object) -> str:
    return "yes" if truth else "no"
