"""What goes into the ledger and what comes out of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from reelfleet.contract.errors import WireError
from reelfleet.contract.job import JobState, JobStatus, Progress, Want
from reelfleet.contract.manifest import Artifact
from reelfleet.contract.names import Stage
from reelfleet.contract.request import GenerateRequest
from reelfleet.contract.spec import GenerationSpec


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job to take in."""

    job_id: str
    request: GenerateRequest
    """With its seed drawn."""
    request_sha256: str
    """Hash of the request as it was asked, before the draw: two uses of one idempotency key are the same if these are."""
    stage: Stage
    queue: str
    max_attempts: int
    notes: tuple[str, ...] = ()
    """What is worth knowing of where the job comes from."""


@dataclass(frozen=True, slots=True)
class Submitted:
    """The job that a submission led to."""

    job_id: str
    created: bool
    """False when the same submission was made before."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to work on a job, until it runs out or another attempt takes over."""

    job_id: str
    stage: Stage
    fence: int
    """Grows with every claim of the job; everything written outside carries it."""
    attempt: int
    worker: str


@dataclass(frozen=True, slots=True)
class JobRow:
    """Everything that the ledger knows about a job. Times are UTC, by Redis' clock."""

    job_id: str
    request: GenerateRequest
    request_sha256: str
    spec: GenerationSpec | None
    state: JobState
    want: Want
    stage: Stage
    queue: str
    priority: int
    tenant: str
    attempt: int
    max_attempts: int
    fence: int
    holder: str | None
    """Who holds the job now."""
    worker: str | None
    """Who holds it, or held it last."""
    host: str | None
    """The host that alone can run the stage, because the spool lies there."""
    spool: str | None
    """The folder of the attempt's frames on that host."""
    lease_until: datetime | None
    phase_until: datetime | None
    """When the phase has used up its time and the worker's parent stops keeping the lease."""
    created: datetime
    started: datetime | None
    finished: datetime | None
    deadline: datetime | None
    progress: Progress | None
    error: WireError | None
    last_error: WireError | None
    """What the last attempt that reported an error said; also when another attempt follows."""
    notes: tuple[str, ...]
    idempotency_key: str | None
    timings: dict[str, float]
    """Seconds by phase, as the stages handed them on."""
    report: str | None
    """JSON that one stage left for the next."""
    manifest_uri: str | None
    artifacts: tuple[Artifact, ...]

    @property
    def lease(self) -> Lease | None:
        """The lease of whoever holds the job now."""
        return None if self.holder is None else Lease(self.job_id, self.stage, self.fence, self.attempt, self.holder)

    def status(self) -> JobStatus:
        """Return the form that producers and programs see."""
        return JobStatus(
            job_id=self.job_id,
            model=self.request.model,
            state=self.state,
            stage=self.stage,
            progress=self.progress,
            attempt=self.attempt,
            worker=self.worker,
            priority=self.priority,
            tenant=self.tenant,
            created=self.created,
            started=self.started,
            finished=self.finished,
            manifest_uri=self.manifest_uri,
            artifacts=self.artifacts,
            error=self.error,
            notes=self.notes,
        )


@dataclass(frozen=True, slots=True)
class Claim:
    """A job that a worker may work on."""

    lease: Lease
    job: JobRow


class RefusalReason(StrEnum):
    """Why a claim was refused; the ticket is dropped whatever the reason."""

    #: No job has this id, or its row was forgotten long after its end.
    UNKNOWN = "unknown"
    #: The job has succeeded or failed.
    FINISHED = "finished"
    #: The job is at another stage.
    WRONG_STAGE = "wrong_stage"
    #: A worker holds the job.
    HELD = "held"
    #: The job, its queue, the worker or the fleet is paused.
    PAUSED = "paused"
    #: All attempts are used up.
    QUARANTINED = "quarantined"
    #: The job's deadline has passed.
    TIMED_OUT = "timed_out"
    #: The job was aborted.
    ABORTED = "aborted"
    #: The job waits out a delay after an error.
    NOT_YET = "not_yet"
    #: The job's frames lie on another host.
    WRONG_HOST = "wrong_host"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A claim that was refused."""

    reason: RefusalReason
    detail: str


class Order(StrEnum):
    """What the holder of a job is to do next."""

    #: Go on.
    GO = "go"
    #: Stand still until the order changes.
    HOLD = "hold"
    #: Stop and end the job as aborted.
    ABORT = "abort"
    #: Stop and end the job as timed out.
    TIMEOUT = "timeout"


class Kept(StrEnum):
    """What became of a lease that a worker's parent process wanted to extend."""

    #: It holds for longer.
    YES = "yes"
    #: The worker does not hold the job.
    NO = "no"
    #: It holds for longer, and the job is to be aborted: a child that does not hear of it in time is to be stopped.
    ABORTING = "aborting"
    #: The phase has used up its time: the child is to be stopped.
    OVERRAN = "overran"


@dataclass(frozen=True, slots=True)
class TicketDue:
    """A job that waits and needs a ticket."""

    job_id: str
    stage: Stage
    queue: str
    priority: int


@dataclass(frozen=True, slots=True)
class Expired:
    """A job that was taken from a holder whose lease ran out."""

    ticket: TicketDue | None
    """None unless the job waits again."""
    job_id: str
    stage: Stage
    queue: str
    state: JobState
    """Where the job went: queued, paused, quarantined, aborted or failed (timed out)."""
    attempt: int
    worker: str
    """Who had held it."""


@dataclass(frozen=True, slots=True)
class Pause:
    """A scope that was paused."""

    by: str
    reason: str
    at: datetime
