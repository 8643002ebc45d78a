"""What an attempt's spool says about its alphas; written last, so a folder without one is unfinished."""

from __future__ import annotations

from pydantic import Field

from persistence.alphas.segment import Segment
from reelfleet.contract.base import Frozen
from reelfleet.contract.matte import TargetName

INDEX_NAME = "alphas.json"


class AlphaIndex(Frozen):
    """The alphas of one matting."""

    version: int = 1
    targets: tuple[TargetName, ...]
    width: int = Field(ge=1, description="pixels")
    height: int = Field(ge=1, description="pixels")
    start: int = Field(ge=0, description="number of the first frame")
    count: int = Field(ge=1, description="frames, each with one alpha per target")
    segments: tuple[Segment, ...]
    boot_id: str | None = Field(
        default=None, description="the boot that wrote it and did not flush it; none: it is flushed and outlives a boot"
    )
