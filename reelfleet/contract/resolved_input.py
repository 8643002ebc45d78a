"""An input as it lies in the store, under its hash."""

from __future__ import annotations

from pydantic import Field

from reelfleet.contract.base import Frozen


class ResolvedInput(Frozen):
    """An input as it lies in the store, under its hash."""

    uri: str = Field(description="what the request named")
    key: str = Field(description="the store key, inputs/<sha256>")
    sha256: str
    bytes: int = Field(ge=0)
    media_type: str
