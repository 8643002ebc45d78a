"""What the exit status of ``reel`` says."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reelfleet.contract.errors import FleetError
    from reelfleet.contract.job import JobState


class ExitCode(IntEnum):
    """Exit statuses; programs branch on these."""

    #: What was asked is done.
    DONE = 0
    #: The job ended without a result, or what was asked failed.
    FAILED = 1
    #: A wrong option, an invalid request, model name or configuration, or something this version does not do.
    USAGE = 2
    #: Redis or the store did not answer.
    UNREACHABLE = 3
    #: There is no such job or worker.
    NOT_FOUND = 4
    #: The job was aborted.
    ABORTED = 5
    #: The fleet did not take the job: no worker, quota, idempotency conflict.
    REFUSED = 6
    #: The wait ended before the job did.
    WAIT_TIMED_OUT = 124
    #: Ctrl-C; a job that was waited for goes on.
    INTERRUPTED = 130


_BY_ERROR_CODE = {
    "invalid_request": ExitCode.USAGE,
    "contract_mismatch": ExitCode.USAGE,
    "unknown_model": ExitCode.USAGE,
    "invalid_config": ExitCode.USAGE,
    "unsupported": ExitCode.USAGE,
    "input_missing": ExitCode.USAGE,
    "broker_unavailable": ExitCode.UNREACHABLE,
    "store_unavailable": ExitCode.UNREACHABLE,
    "job_not_found": ExitCode.NOT_FOUND,
    "aborted": ExitCode.ABORTED,
    "no_worker": ExitCode.REFUSED,
    "quota_exceeded": ExitCode.REFUSED,
    "idempotency_conflict": ExitCode.REFUSED,
    "wait_timeout": ExitCode.WAIT_TIMED_OUT,
}


def exit_code_of(error: FleetError) -> ExitCode:
    """Return the exit status for an error of the command itself; a job's own error is told by its state."""
    return _BY_ERROR_CODE.get(error.code.value, ExitCode.FAILED)


def exit_code_of_state(state: JobState) -> ExitCode:
    """Return the exit status for a job that has ended."""
    return {"succeeded": ExitCode.DONE, "aborted": ExitCode.ABORTED}.get(state.value, ExitCode.FAILED)
