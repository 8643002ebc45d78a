"""What makes jobs over a fleet's connections: from a request, or from a job that has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reelfleet.admission import admit
from reelfleet.client.uploads import Upload, name_uploads, upload_inputs
from reelfleet.contract.job import JobState
from reelfleet.contract.matte_request import FOLLOW_UP, MASK_FIELD, SOURCE_FIELD
from reelfleet.contract.names import unit_of
from reelfleet.contract.request import INPUT_FIELDS
from reelfleet.submission import enqueue

if TYPE_CHECKING:
    from reelfleet.client.connections import Connections
    from reelfleet.ledger.types import CheckpointRef, JobRow

KEEPS_CHECKPOINT = frozenset({JobState.FAILED, JobState.QUARANTINED})
"""States in which a job's checkpoint stays; that of any other job may be removed or replaced at any moment."""


class Submissions:
    """Makes jobs."""

    def __init__(self, connections: Connections, *, max_open_jobs: int) -> None:
        self._connections = connections
        self._max_open_jobs = max_open_jobs

    def make(
        self,
        data: dict[str, Any],
        *,
        queue_anyway: bool,
        job_id: str | None = None,
        notes: tuple[str, ...] = (),
        checkpoint: CheckpointRef | None = None,
    ) -> str:
        """Admit a request given as plain data, upload its local inputs, submit it, and return the job's id."""
        ledger = self._connections.ledger
        data, uploads = self.name_inputs(data)
        admission = admit(ledger, data, queue_anyway=queue_anyway, max_open_jobs=self._max_open_jobs, job_id=job_id)
        if uploads:
            upload_inputs(self._connections.store, uploads)
        return enqueue(ledger, self._connections.tickets_app, admission, job_id=job_id, notes=notes, checkpoint=checkpoint).job_id

    def retry(self, old_id: str, *, from_scratch: bool, queue_anyway: bool, job_id: str | None = None) -> str:
        """Submit an old job's request again, with the seed that it ran with, and return the new job's id.

        The new job goes on from the old one's checkpoint if that one failed or was quarantined and left one.
        """
        row = self._connections.ledger.jobs.row(old_id)
        request = row.request.model_dump(mode="json", exclude={"idempotency_key"})
        checkpoint = None if from_scratch or row.state not in KEEPS_CHECKPOINT else row.checkpoint
        return self.make(request, queue_anyway=queue_anyway, job_id=job_id, notes=(_origin(row, checkpoint),), checkpoint=checkpoint)

    def name_inputs(self, data: dict[str, Any]) -> tuple[dict[str, Any], tuple[Upload, ...]]:
        """Return the request with local inputs named as the store will, and what is to be uploaded for that."""
        if not any(data.get(field) for field in (*INPUT_FIELDS, SOURCE_FIELD, MASK_FIELD, FOLLOW_UP)):
            return data, ()
        return name_uploads(data, self._connections.store.uri)


def _origin(row: JobRow, checkpoint: CheckpointRef | None) -> str:
    unit = unit_of(row.request.kind)
    how = f"from its checkpoint after {unit} {checkpoint.step}/{checkpoint.of}" if checkpoint else "from the beginning"
    return f"retries job {row.job_id}, which {_ENDED[row.state]}, {how}"


_ENDED = {
    JobState.QUEUED: "is queued",
    JobState.RUNNING: "is running",
    JobState.PAUSED: "is paused",
    JobState.SUCCEEDED: "succeeded",
    JobState.FAILED: "failed",
    JobState.ABORTED: "was aborted",
    JobState.QUARANTINED: "was quarantined",
}
