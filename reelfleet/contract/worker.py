"""What a worker says about itself, in its heartbeat and in answer to ``reel_status``."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import Field, JsonValue

from reelfleet.contract.base import Frozen


class WorkerRole(StrEnum):
    """What a worker is for."""

    GPU = "gpu"
    CPU = "cpu"


class WorkerState(StrEnum):
    """What a worker is doing."""

    IDLE = "idle"
    BUSY = "busy"
    PAUSED = "paused"
    DRAINING = "draining"


class WorkerInfo(Frozen):
    """One living worker."""

    name: str = Field(description="Celery node name, such as gpu0@host")
    role: WorkerRole
    host: str
    pid: int
    state: WorkerState
    queues: tuple[str, ...] = ()
    models: tuple[str, ...] = Field(default=(), description="models that it serves")
    warm_models: tuple[str, ...] = Field(default=(), description="models in its memory, most recently used last")
    device: dict[str, JsonValue] = Field(default_factory=dict, description="kind, name, uuid, memory")
    job_id: str | None = None
    trouble: str = Field(default="", description="why it took itself out, if it did")
    seen: datetime
    version: str
