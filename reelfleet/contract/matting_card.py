"""What workers publish about models that matte, and about models that make masks."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag

from reelfleet.contract.base import Frozen
from reelfleet.contract.job_request import ModelName
from reelfleet.contract.kinds import kind_of
from reelfleet.contract.model_card import ModelCard

MaskPrompt = Literal["points", "box", "text"]


class MattingCard(Frozen):
    """The public part of a matting model's catalogue entry."""

    kind: Literal["matte"] = "matte"
    name: ModelName
    title: str
    family: Literal["matanyone", "vitmatte"]
    licence: str = Field(description="SPDX identifier or the licence's own name")
    licence_url: str | None = None
    max_pixels: int = Field(ge=1, description="width times height of what is matted")
    max_targets: int = Field(default=8, ge=1)
    memory_gib: float = Field(gt=0, description="estimate of device memory at 1080p with one target")
    step_resume: bool = Field(default=True, description="whether a run that was stopped between frames resumes bit-exactly")


class MaskMakerCard(Frozen):
    """The public part of a mask maker's catalogue entry."""

    kind: Literal["mask"] = "mask"
    name: ModelName
    title: str
    family: Literal["sam2", "sam3"]
    licence: str = Field(description="SPDX identifier or the licence's own name")
    licence_url: str | None = None
    prompts: tuple[MaskPrompt, ...] = Field(min_length=1, description="what it makes a mask of")
    memory_gib: float = Field(gt=0, description="estimate of device memory")
    step_resume: bool = Field(default=False, description="a mask is made in one go")


AnyCard = Annotated[
    Annotated[ModelCard, Tag("generate")] | Annotated[MattingCard, Tag("matte")] | Annotated[MaskMakerCard, Tag("mask")],
    Discriminator(kind_of),
]
"""What ``reel models`` lists."""
