"""From a request to a job: admission, ledger row, ticket. Used by the client and by the task ``reel.submit``."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reelfleet.admission import Admission, admit
from reelfleet.contract.errors import BrokerUnavailable, IdempotencyConflict, InvalidRequest
from reelfleet.contract.matte_request import MatteRequest
from reelfleet.contract.names import CPU_QUEUE, Stage, gpu_queue
from reelfleet.contract.request import GenerateRequest
from reelfleet.ledger.types import NewJob
from reelfleet.tickets import issue_ticket

if TYPE_CHECKING:
    from celery import Celery

    from reelfleet.contract.job import JobStatus
    from reelfleet.contract.request import AnyRequest
    from reelfleet.ledger import Ledger
    from reelfleet.ledger.types import CheckpointRef, JobRow

DEFAULT_MAX_ATTEMPTS = 3
DEFAULT_MAX_OPEN_JOBS = 10_000
_FOLLOW_UPS = uuid.UUID("0f7a4c0e-6c1d-5d0b-9a57-8f0f5f3c2b11")
JOB_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{7,63}")
"""A job id is part of store keys and task ids; whoever chooses one keeps to this."""


@dataclass(frozen=True)
class Submission:
    """What became of a request."""

    job_id: str
    created: bool
    """Whether this call made the job; false when the idempotency key or the job id had made it before."""
    ticketed: bool
    """Whether a ticket was published now; if not, the job existed already or the steward issues the ticket."""
    status: JobStatus


def new_job_id() -> str:
    """Return a fresh job id: 32 hexadecimal characters, random from the first on, so that short prefixes tell jobs apart."""
    return uuid.uuid4().hex


def submit(
    ledger: Ledger,
    tickets_app: Celery,
    request_data: Any,
    *,
    queue_anyway: bool = False,
    max_attempts: int = DEFAULT_MAX_ATTEMPTS,
    max_open_jobs: int = DEFAULT_MAX_OPEN_JOBS,
    job_id: str | None = None,
) -> Submission:
    """Admit a request and put it to work.

    Args:
        ledger: where the job will live.
        tickets_app: the Celery app that publishes its first ticket.
        request_data: a request or plain JSON data that anybody may have written.
        queue_anyway: take it although no living worker serves its model.
        max_attempts: how often the job may be started.
        max_open_jobs: how many jobs of the request's tenant may be open.
        job_id: a chosen id, so that the same message delivered twice makes one job.

    Raises:
        InvalidRequest, UnknownModel, NoWorker, QuotaExceeded: see :func:`reelfleet.admission.admit`.
        IdempotencyConflict: when the key was used with another request.
        BrokerUnavailable: when the ledger cannot be reached; then no job was made, or the same key finds it.
    """
    admission = admit(ledger, request_data, queue_anyway=queue_anyway, max_open_jobs=max_open_jobs, job_id=job_id)
    return enqueue(ledger, tickets_app, admission, max_attempts=max_attempts, job_id=job_id)


def enqueue(
    ledger: Ledger,
    tickets_app: Celery,
    admission: Admission,
    *,
    max_attempts: int = DEFAULT_MAX_ATTEMPTS,
    job_id: str | None = None,
    notes: tuple[str, ...] = (),
    checkpoint: CheckpointRef | None = None,
) -> Submission:
    """Write an admitted request into the ledger and publish its first ticket.

    ``notes`` tell where the job comes from, and ``checkpoint`` is one of an earlier job of this very request, from where it goes on.
    """
    if job_id is not None and not JOB_ID.fullmatch(job_id):
        raise InvalidRequest.of([{"field": "job_id", "problem": "8 to 64 letters, digits and '-', the first a letter or digit"}])
    asked, job_id = admission.request, job_id or new_job_id()
    stage, queue = first_stage(asked)
    submitted = ledger.jobs.submit(
        NewJob(
            job_id=job_id,
            request=asked.settle(),
            request_sha256=asked.sha256(),
            stage=stage,
            queue=queue,
            max_attempts=max_attempts,
            notes=notes,
            checkpoint=checkpoint,
            follow_up=follow_up_id(job_id) if isinstance(asked, GenerateRequest) and asked.matte is not None else None,
        )
    )
    ticketed = submitted.created and publish_ticket(tickets_app, submitted.job_id, stage, queue=queue, priority=asked.priority)
    return Submission(submitted.job_id, submitted.created, ticketed, ledger.jobs.status(submitted.job_id))


def follow_up_id(job_id: str) -> str:
    """Return the id of the job that mattes what a job generates: 32 hexadecimal characters that follow from its own id."""
    return uuid.uuid5(_FOLLOW_UPS, job_id).hex


def enqueue_follow_up(ledger: Ledger, tickets_app: Celery, job: JobRow, source_uri: str) -> str:
    """Submit the matting that a delivered generation asks for, once however often it is called, and return its id.

    It was admitted with its parent and is not refused now. It is as urgent as the generation is by now.

    Args:
        ledger: of both jobs.
        tickets_app: publishes the first ticket.
        job: the generation.
        source_uri: its clip or image in the store.

    Raises:
        BrokerUnavailable: when the ledger does not answer.
        ValueError: when the job asks for none (a caller's mistake).
    """
    parent = job.request
    if not isinstance(parent, GenerateRequest) or parent.matte is None:
        raise ValueError(f"job {job.job_id} asks for no matting")
    shared = parent.model_dump(include={"preemptible", "tenant", "tags", "timeout_s"})
    request = MatteRequest(source=source_uri, priority=job.priority, **shared, **parent.matte.model_dump())
    notes, job_id = (f"mattes the result of job {job.job_id}",), follow_up_id(job.job_id)
    try:
        enqueue(ledger, tickets_app, Admission(request, None), max_attempts=job.max_attempts, job_id=job_id, notes=notes)
    except IdempotencyConflict:
        # It was submitted before, when the generation had another priority.
        return job_id
    return job_id


def first_stage(request: AnyRequest) -> tuple[Stage, str]:
    """Return the stage and queue where a job starts: inputs are fetched on a cpu worker first, the rest goes straight to its GPU queue."""
    if request.input_uris():
        return Stage.PREPARE, CPU_QUEUE
    return Stage.GENERATE, gpu_queue(request.model)


def publish_ticket(tickets_app: Celery, job_id: str, stage: Stage, *, queue: str, priority: int) -> bool:
    """Publish a ticket and tell whether that worked; the ledger has the job, so a ticket that is lost is issued again by the steward."""
    try:
        issue_ticket(tickets_app, job_id, stage, queue=queue, priority=priority)
    except BrokerUnavailable:
        return False
    return True
