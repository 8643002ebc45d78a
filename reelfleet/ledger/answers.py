"""What the ledger answers to whoever holds a job, or wants to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


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
    #: The worker was asked to leave the fleet and takes nothing new.
    DRAINING = "draining"
    #: The job ran out of memory on a device that was no smaller.
    TOO_SMALL = "too_small"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A claim that was refused."""

    reason: RefusalReason
    detail: str


class Order(StrEnum):
    """What the holder of a job is to do next."""

    #: Go on.
    GO = "go"
    #: Give the job back; it is paused.
    PAUSE = "pause"
    #: Give the job back; it waits for a worker again.
    YIELD = "yield"
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
    #: It holds for longer, and the job's deadline has passed: a child that does not hear of it in time is to be stopped.
    OUT_OF_TIME = "out_of_time"
    #: The phase has used up its time: the child is to be stopped.
    OVERRAN = "overran"


@dataclass(frozen=True, slots=True)
class Watch:
    """How a worker's parent process finds the job of its child."""

    kept: Kept
    for_s: float
    """Since when it is so, by Redis' clock: seconds since the abort was ordered, the deadline passed or the phase's time was used up; else 0."""
