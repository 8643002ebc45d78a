"""``reel.submit``: any Celery client in any language enqueues by this name.

The answer is data, never an exception: ``{"job": {…}}`` or ``{"error": {…}}``.
"""

from __future__ import annotations

from typing import Any

from reelfleet.contract.errors import FleetError
from reelfleet.contract.names import TaskName
from reelfleet.submission import submit as submit_request
from tasks.app import app
from tasks.process import current_process


@app.task(name=TaskName.SUBMIT.value, ignore_result=False)
def submit(request: dict[str, Any], *, queue_anyway: bool = False, job_id: str | None = None) -> dict[str, Any]:
    """Check a request, enter it into the ledger and issue its ticket.

    A ``job_id`` chosen by the caller makes a message that is delivered twice one job, and lets a caller without a result
    backend ask for the job's state.
    """
    process = current_process()
    try:
        submission = submit_request(
            process.ledger,
            app,
            request,
            queue_anyway=queue_anyway,
            max_attempts=process.settings.max_attempts,
            max_open_jobs=process.settings.max_open_jobs_per_tenant,
            job_id=job_id,
        )
        return {"job": submission.status.model_dump(mode="json")}
    except FleetError as error:
        return {"error": error.to_wire().model_dump(mode="json")}
