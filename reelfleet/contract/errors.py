"""Every way in which reelfleet says no.

::

    FleetError
    ├── InvalidRequest ── ContractMismatch
    ├── UnknownModel, NoWorker, QuotaExceeded, IdempotencyConflict        refused at admission
    ├── InputMissing, InputUnreadable                                     what a job reads
    ├── LoraNotFound, LoraInvalid, EnhancerFailed
    ├── ModelLoadFailed, OutOfMemory, DeviceLost, DeviceBusy, Numerical   the GPU stage
    ├── EncodeFailed, DiskFull, StoreUnavailable, CommitConflict          the way out
    ├── Aborted, TimedOut, Quarantined, LeaseLost                         steering
    ├── BrokerUnavailable, JobNotFound, WaitTimeout                       client side
    ├── InvalidConfig, Unsupported
    └── Internal

An exception never crosses the wire by its class name: Celery would rebuild it by import path, and a producer
has no worker packages. What travels is :class:`WireError`; :func:`error_from_wire` raises the matching class.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, ClassVar

from pydantic import Field

from reelfleet.contract.base import Frozen


class ErrorCode(StrEnum):
    """Stable identifiers; programs branch on these and never on messages."""

    #: The request breaks a rule of the contract or of its model; ``details.problems`` lists every problem.
    INVALID_REQUEST = "invalid_request"
    #: The request or message was written by another version of the contract.
    CONTRACT_MISMATCH = "contract_mismatch"
    #: No catalogue names this model.
    UNKNOWN_MODEL = "unknown_model"
    #: No living worker serves the model.
    NO_WORKER = "no_worker"
    #: The tenant has as many open jobs as it may have.
    QUOTA_EXCEEDED = "quota_exceeded"
    #: The idempotency key was used before with another request.
    IDEMPOTENCY_CONFLICT = "idempotency_conflict"
    #: An input does not exist, or lies outside the places that may be read.
    INPUT_MISSING = "input_missing"
    #: An input exists and cannot be decoded as what it should be.
    INPUT_UNREADABLE = "input_unreadable"
    #: A named LoRA is not in the library.
    LORA_NOT_FOUND = "lora_not_found"
    #: A LoRA file does not fit the model, or is not safetensors.
    LORA_INVALID = "lora_invalid"
    #: The device has too little memory for the job.
    OUT_OF_MEMORY = "out_of_memory"
    #: The device stopped answering.
    DEVICE_LOST = "device_lost"
    #: Another worker holds the device.
    DEVICE_BUSY = "device_busy"
    #: The model's weights could not be loaded.
    MODEL_LOAD_FAILED = "model_load_failed"
    #: NaN or infinity in latents or frames.
    NUMERICAL = "numerical"
    #: A media file could not be written, or did not decode to what was asked.
    ENCODE_FAILED = "encode_failed"
    #: No space left where files are written.
    DISK_FULL = "disk_full"
    #: The object store did not answer, or answered with errors, through every retry.
    STORE_UNAVAILABLE = "store_unavailable"
    #: Another attempt committed this job.
    COMMIT_CONFLICT = "commit_conflict"
    #: Somebody asked for the job to stop.
    ABORTED = "aborted"
    #: The job, a stage or a phase ran out of its time.
    TIMED_OUT = "timed_out"
    #: Every attempt ended without a result and without an answer; see ``details`` for the diagnosis.
    QUARANTINED = "quarantined"
    #: The prompt enhancer failed; the job goes on with the prompt as written.
    ENHANCER_FAILED = "enhancer_failed"
    #: The holder's lease ran out and another attempt owns the job.
    LEASE_LOST = "lease_lost"
    #: Redis did not answer.
    BROKER_UNAVAILABLE = "broker_unavailable"
    #: No job has this id.
    JOB_NOT_FOUND = "job_not_found"
    #: The wait ended before the job did; the job goes on.
    WAIT_TIMEOUT = "wait_timeout"
    #: A setting or catalogue file is wrong.
    INVALID_CONFIG = "invalid_config"
    #: This version of reelfleet does not do that.
    UNSUPPORTED = "unsupported"
    #: A defect in reelfleet itself.
    INTERNAL = "internal"


class WireError(Frozen):
    """An error as it travels: in ledger rows, events, manifests, control replies and ``--json`` output."""

    code: ErrorCode
    message: str = Field(description="what happened, why, and how to mend it")
    retryable: bool = Field(description="whether another attempt of the same work can succeed")
    details: dict[str, Any] = Field(default_factory=dict)


class FleetError(Exception):
    """The base of every error that reelfleet raises on purpose."""

    code: ClassVar[ErrorCode] = ErrorCode.INTERNAL
    retryable: ClassVar[bool] = False
    worker_fatal: ClassVar[bool] = False

    def __init__(self, message: str = "", *, details: dict[str, Any] | None = None) -> None:
        """Say what happened, why and how to mend it; without a message the class's own docstring is used."""
        self.message = message or (type(self).__doc__ or "").strip().splitlines()[0]
        self.details: dict[str, Any] = details or {}
        super().__init__(self.message)

    def to_wire(self) -> WireError:
        """Return the form that travels."""
        return WireError(code=self.code, message=self.message, retryable=self.retryable, details=self.details)


class InvalidRequest(FleetError):
    """The request is invalid; every problem is listed."""

    code = ErrorCode.INVALID_REQUEST

    @classmethod
    def of(cls, problems: list[dict[str, str]]) -> InvalidRequest:
        """Build one error from all problems, each ``{"field": …, "problem": …}``."""
        lines = "; ".join(f"{p['field']}: {p['problem']}" for p in problems)
        return cls(f"the request has {len(problems)} problem{'s' if len(problems) != 1 else ''}: {lines}", details={"problems": problems})


class ContractMismatch(InvalidRequest):
    """Another version of the contract wrote this; upgrade the older side."""

    code = ErrorCode.CONTRACT_MISMATCH


class UnknownModel(FleetError):
    """No catalogue names this model; ``reel models`` lists those that exist."""

    code = ErrorCode.UNKNOWN_MODEL


class NoWorker(FleetError):
    """No living worker serves this model; start one, or submit with queue_anyway."""

    code = ErrorCode.NO_WORKER


class QuotaExceeded(FleetError):
    """The tenant has as many open jobs as it may have; wait for some to finish."""

    code = ErrorCode.QUOTA_EXCEEDED


class IdempotencyConflict(FleetError):
    """This idempotency key was used with another request; use a new key."""

    code = ErrorCode.IDEMPOTENCY_CONFLICT


class InputMissing(FleetError):
    """An input does not exist or may not be read; check its URI and the input roots."""

    code = ErrorCode.INPUT_MISSING


class InputUnreadable(FleetError):
    """An input cannot be decoded as what it should be; check the file."""

    code = ErrorCode.INPUT_UNREADABLE


class LoraNotFound(FleetError):
    """No LoRA has this name; ``reel loras`` lists those that exist."""

    code = ErrorCode.LORA_NOT_FOUND


class LoraInvalid(FleetError):
    """The LoRA does not fit the model or is not safetensors."""

    code = ErrorCode.LORA_INVALID


class EnhancerFailed(FleetError):
    """The prompt enhancer failed; the prompt is used as written."""

    code = ErrorCode.ENHANCER_FAILED


class OutOfMemory(FleetError):
    """The device has too little memory for this job; ask for a smaller size or fewer frames."""

    code = ErrorCode.OUT_OF_MEMORY
    retryable = True


class DeviceLost(FleetError):
    """The device stopped answering; the worker must be replaced."""

    code = ErrorCode.DEVICE_LOST
    retryable = True
    worker_fatal = True


class DeviceBusy(FleetError):
    """Another worker holds this device; stop it or choose another device."""

    code = ErrorCode.DEVICE_BUSY
    worker_fatal = True


class ModelLoadFailed(FleetError):
    """The model's weights could not be loaded; check its source in the catalogue."""

    code = ErrorCode.MODEL_LOAD_FAILED
    retryable = True


class Numerical(FleetError):
    """NaN or infinity appeared; try another dtype, fewer steps or another seed."""

    code = ErrorCode.NUMERICAL


class EncodeFailed(FleetError):
    """A media file could not be written or did not decode to what was asked."""

    code = ErrorCode.ENCODE_FAILED
    retryable = True


class DiskFull(FleetError):
    """No space is left where files are written; free some."""

    code = ErrorCode.DISK_FULL
    retryable = True


class StoreUnavailable(FleetError):
    """The store did not answer through every retry; check its URL, credentials and health."""

    code = ErrorCode.STORE_UNAVAILABLE
    retryable = True


class CommitConflict(FleetError):
    """Another attempt committed this job; its manifest stands."""

    code = ErrorCode.COMMIT_CONFLICT


class Aborted(FleetError):
    """The job was aborted."""

    code = ErrorCode.ABORTED


class TimedOut(FleetError):
    """The job ran out of its time; allow more with timeout_s."""

    code = ErrorCode.TIMED_OUT


class Quarantined(FleetError):
    """Every attempt ended without an answer; the diagnosis is in the details."""

    code = ErrorCode.QUARANTINED


class LeaseLost(FleetError):
    """The lease ran out and another attempt owns the job; this one stops."""

    code = ErrorCode.LEASE_LOST


class BrokerUnavailable(FleetError):
    """Redis did not answer; check REEL_BROKER_URL and that the server is up."""

    code = ErrorCode.BROKER_UNAVAILABLE
    retryable = True


class JobNotFound(FleetError):
    """No job has this id; ``reel jobs`` lists those that exist."""

    code = ErrorCode.JOB_NOT_FOUND


class WaitTimeout(FleetError):
    """The wait ended before the job did; the job goes on."""

    code = ErrorCode.WAIT_TIMEOUT


class InvalidConfig(FleetError):
    """A setting or a catalogue file is wrong."""

    code = ErrorCode.INVALID_CONFIG


class Unsupported(FleetError):
    """This version of reelfleet does not do that."""

    code = ErrorCode.UNSUPPORTED


class Internal(FleetError):
    """A defect in reelfleet; please report it with the details."""

    code = ErrorCode.INTERNAL
    retryable = True


def error_classes() -> dict[ErrorCode, type[FleetError]]:
    """Return the class of every code."""
    found: dict[ErrorCode, type[FleetError]] = {}
    pending = list(FleetError.__subclasses__())
    while pending:
        cls = pending.pop()
        found[cls.code] = cls
        pending.extend(cls.__subclasses__())
    return found


def error_from_wire(wire: WireError) -> FleetError:
    """Return (not raise) the exception that matches an error from the wire."""
    return error_classes()[wire.code](wire.message, details=dict(wire.details))


def as_fleet_error(error: BaseException) -> FleetError:
    """Return ``error`` itself if it is ours, else an :class:`Internal` that names its type and message."""
    if isinstance(error, FleetError):
        return error
    return Internal(f"{type(error).__name__}: {error}", details={"type": type(error).__name__})
