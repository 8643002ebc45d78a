"""What goes into the ledger and what comes out of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from pydantic import JsonValue

from reelfleet.contract.any_spec import AnySpec
from reelfleet.contract.errors import WireError
from reelfleet.contract.job import CheckpointMark, JobState, JobStatus, Progress, Want
from reelfleet.contract.manifest import Artifact
from reelfleet.contract.names import Stage
from reelfleet.contract.request import AnyRequest


@dataclass(frozen=True, slots=True)
class CheckpointRef:
    """A complete checkpoint in the store."""

    key: str
    step: int
    """Denoise steps, or matted frames, that it holds."""
    of: int
    """How many there are; as many as ``step`` when only the decoding is left."""


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job to take in."""

    job_id: str
    request: AnyRequest
    """With its seed drawn, if it has one."""
    request_sha256: str
    """Hash of the request as it was asked, before the draw: two uses of one idempotency key are the same if these are."""
    stage: Stage
    queue: str
    max_attempts: int
    notes: tuple[str, ...] = ()
    """What is worth knowing of where the job comes from."""
    checkpoint: CheckpointRef | None = None
    """From where it goes on: the checkpoint of the job that this one is a retry of."""
    follow_up: str | None = None
    """The id that the matting of its result will have."""


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
class Diagnosis:
    """What a worker's parent process knows about the death of its child."""

    exit_signal: str = ""
    """Such as ``SIGSEGV``."""
    stderr_tail: str = ""
    """The last that it wrote; the ledger keeps the last 4000 characters."""
    device: dict[str, JsonValue] = field(default_factory=dict)
    """A snapshot of the device after the death: kind, name, memory in use, …"""
    diagnosed_attempt: int = 0
    """Which attempt this is of; set by the ledger."""


@dataclass(frozen=True, slots=True)
class JobRow:
    """Everything that the ledger knows about a job. Times are UTC, by Redis' clock."""

    job_id: str
    request: AnyRequest
    request_sha256: str
    spec: AnySpec | None
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
    checkpoint: CheckpointRef | None
    """The newest complete one."""
    preemptible: bool
    preemptions: int
    """How often it gave way to another job."""
    needs_memory: int | None
    """Bytes of device memory that were too few; only a larger device gets the job."""
    follow_up: str | None
    """The id that the matting of its result has, or will have."""
    pause_reason: str | None
    diagnosis: Diagnosis | None
    """What is known of the last child that died of it."""
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
            kind=self.request.kind,
            model=self.request.model,
            state=self.state,
            stage=self.stage,
            queue=self.queue,
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
            checkpoint=None if self.checkpoint is None else CheckpointMark(step=self.checkpoint.step, of=self.checkpoint.of),
            preemptions=self.preemptions,
            follow_up=self.follow_up,
            pause_reason=self.pause_reason,
        )


@dataclass(frozen=True, slots=True)
class Claim:
    """A job that a worker may work on."""

    lease: Lease
    job: JobRow


@dataclass(frozen=True, slots=True)
class TicketDue:
    """A job that waits and needs a ticket."""

    job_id: str
    stage: Stage
    queue: str
    priority: int


@dataclass(frozen=True, slots=True)
class GivenBack:
    """Where a job went that was given back."""

    state: JobState
    """``queued`` or ``paused``; or the end that had been ordered or was due: ``aborted``, ``failed`` (timed out)."""
    ticket: TicketDue | None
    """The ticket to issue now; none while the fleet or the queue is paused, for then it is due when the pause ends."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """The most urgent job that waits on a queue."""

    job_id: str
    queue: str
    priority: int
    waited_s: float
    """Since it began to wait, this time."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A job that ended badly on a worker, in a way that its device may be to blame for."""

    job_id: str
    model: str
    code: str
    """An error's code, or ``died`` when the process died of the job."""
    at: datetime


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
    keep_warm: bool = False
    """Whether the models stay in memory meanwhile."""
