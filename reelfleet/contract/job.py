"""A job as producers, operators and programs see it: one shape everywhere."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import Field

from reelfleet.contract.base import Frozen
from reelfleet.contract.errors import WireError
from reelfleet.contract.manifest import Artifact
from reelfleet.contract.names import Stage


class JobState(StrEnum):
    """Where a job stands; ``docs/architecture`` draws the transitions."""

    #: Waits for its first claim, or for the next attempt.
    QUEUED = "queued"
    #: A worker holds it, or it waits between two stages.
    RUNNING = "running"
    #: Nobody holds it and it is not claimed until it is resumed; one that ran goes on from its checkpoint then.
    PAUSED = "paused"
    #: Committed; the manifest stands.
    SUCCEEDED = "succeeded"
    #: Ended with an error that was reported.
    FAILED = "failed"
    #: Stopped by an order.
    ABORTED = "aborted"
    #: Every attempt vanished with its worker; the job is suspected of killing them.
    QUARANTINED = "quarantined"

    @property
    def terminal(self) -> bool:
        """Whether the state never changes again."""
        return self in TERMINAL_STATES


TERMINAL_STATES = frozenset({JobState.SUCCEEDED, JobState.FAILED, JobState.ABORTED, JobState.QUARANTINED})


class Want(StrEnum):
    """The desired state; a field of its own, so that an order given while nobody listens still holds."""

    #: Go on; the default.
    RUN = "run"
    #: Give the job back at the next step; it waits until it is resumed.
    PAUSE = "pause"
    #: Give the job back at the next step, because a job of higher priority needs the device; it waits for a worker again.
    YIELD = "yield"
    #: Stop for good.
    ABORT = "abort"


class Phase(StrEnum):
    """What a stage is doing."""

    #: Inputs are read, checked and copied into the store; counts inputs.
    FETCH = "fetch"
    #: The model is brought into memory; short when it is warm.
    LOAD = "load"
    #: The prompt and the inputs are encoded.
    ENCODE = "encode"
    #: Counts denoise steps.
    DENOISE = "denoise"
    #: Masks are made of points, boxes or words; counts masks.
    MASK = "mask"
    #: Counts frames that have their alphas.
    MATTE = "matte"
    #: Latents become frames and samples, streamed into the spool; counts frames.
    DECODE = "decode"
    #: Media files are encoded, reopened and counted; counts frames.
    WRITE = "write"
    #: Counts files.
    UPLOAD = "upload"
    #: The manifest is written.
    COMMIT = "commit"


class Progress(Frozen):
    """How far a phase is."""

    phase: Phase
    step: int = Field(default=0, ge=0, description="steps, frames or files done")
    of: int = Field(default=0, ge=0, description="how many there are; 0 when unknown")
    rate: float | None = Field(default=None, description="steps, frames or files per second")
    eta_s: float | None = Field(default=None, description="seconds until the phase ends")

    def __str__(self) -> str:
        """Return the text that Flower shows, such as ``denoise 34/50``."""
        return f"{self.phase.value} {self.step}/{self.of}" if self.of else self.phase.value


class CheckpointMark(Frozen):
    """How far the newest checkpoint of a job is: whoever runs it next goes on from there."""

    step: int = Field(ge=0, description="denoise steps, or matted frames, that it holds")
    of: int = Field(ge=0, description="how many there are; as many as `step` when only the decoding of a generation is left")


class JobStatus(Frozen):
    """A job, as ``--json``, :meth:`reelfleet.Job.status` and control replies give it."""

    job_id: str
    kind: Literal["generate", "matte"] = "generate"
    model: str
    state: JobState
    stage: Stage
    queue: str = Field(default="", description="where its stage waits, or waited last")
    progress: Progress | None = None
    attempt: int = Field(ge=0, description="attempts started; 0 before the first claim")
    worker: str | None = Field(default=None, description="who holds it, or held it last")
    priority: int
    tenant: str
    created: datetime
    started: datetime | None = Field(default=None, description="first claim")
    finished: datetime | None = None
    manifest_uri: str | None = None
    artifacts: tuple[Artifact, ...] = ()
    error: WireError | None = None
    notes: tuple[str, ...] = ()
    checkpoint: CheckpointMark | None = Field(default=None, description="from where the job goes on, or a retry of it")
    preemptions: int = Field(default=0, ge=0, description="how often it gave way to a job of higher priority")
    follow_up: str | None = Field(default=None, description="id of the job that mattes the result, when the request asks for that")
    pause_reason: str | None = Field(default=None, description="why it is paused, or is to pause at its next step")
