"""What happened to a job, in order; replayable from any offset."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from reelfleet.contract.base import Frozen
from reelfleet.contract.errors import WireError
from reelfleet.contract.job import JobState, Progress
from reelfleet.contract.names import Stage


class EventKind(StrEnum):
    """What an event tells."""

    #: The job is in the ledger.
    SUBMITTED = "submitted"
    #: A worker claimed a stage.
    CLAIMED = "claimed"
    #: A phase began or advanced.
    PROGRESS = "progress"
    #: A preview image was published; fetch it with ``Job.preview``.
    PREVIEW = "preview"
    #: A stage ended and the next waits for a worker.
    HANDED_ON = "handed_on"
    #: Something worth knowing that changes no state.
    NOTE = "note"
    #: An order was recorded: pause, resume, yield, abort, priority.
    ORDERED = "ordered"
    #: The job is paused: nobody holds it until it is resumed. Or a scope was paused; ``message`` says which.
    PAUSED = "paused"
    #: The job goes on.
    RESUMED = "resumed"
    #: The job was given back at a step and waits for a worker again, in the same attempt; ``message`` says why.
    YIELDED = "yielded"
    #: An attempt ended without a result and another follows.
    RETRYING = "retrying"
    #: The job ended; ``state`` says how.
    FINISHED = "finished"
    #: Something about a worker: it is to leave the fleet, and ``message`` says why.
    WORKER = "worker"


class Event(Frozen):
    """One entry of a job's stream or of the fleet's."""

    offset: str = Field(description="place in the stream; pass it as `after` to read on from here")
    job_id: str | None = Field(default=None, description="none for what concerns a worker or the fleet")
    at: datetime = Field(description="Redis' clock")
    kind: EventKind
    state: JobState | None = None
    stage: Stage | None = None
    attempt: int | None = None
    worker: str | None = None
    progress: Progress | None = None
    message: str | None = None
    error: WireError | None = None
