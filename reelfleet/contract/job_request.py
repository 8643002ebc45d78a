"""What every request says about the job that it asks for, whatever the job makes."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, StringConstraints

from reelfleet.contract.base import Frozen
from reelfleet.contract.canonical import canonical_sha256
from reelfleet.contract.names import CONTRACT_VERSION, MODEL_NAME

ModelName = Annotated[str, StringConstraints(pattern=f"^{MODEL_NAME.pattern}$")]
Tenant = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Tag = Annotated[str, StringConstraints(min_length=1, max_length=64)]


class JobRequest(Frozen):
    """The fields that all kinds of requests share. ``kind`` and ``model`` are each kind's own."""

    contract_version: int = Field(default=CONTRACT_VERSION, description="the version of the contract that wrote this request")
    priority: int = Field(default=5, ge=0, le=9, description="0 is the highest")
    preemptible: bool = Field(default=True, description="may give way to a job of higher priority, and goes on later without losing a step")
    tenant: Tenant = "default"
    tags: tuple[Tag, ...] = Field(default=(), max_length=32)
    idempotency_key: str | None = Field(default=None, min_length=1, max_length=200)
    timeout_s: float | None = Field(default=None, gt=0, le=7 * 86_400, description="seconds from submit until the job ends as timed_out")

    def sha256(self) -> str:
        """Return the hash that tells whether two uses of one idempotency key ask for the same; an open seed stays open."""
        return canonical_sha256(self)

    @property
    def settled(self) -> bool:
        """Whether nothing is left that is drawn at submit."""
        return True

    def settle(self) -> Self:
        """Return this request with everything drawn that is drawn at submit."""
        return self

    def input_uris(self) -> dict[str, str]:
        """Return every named input as ``{field: uri}``."""
        return {}
