"""What workers publish about a model, so that producers can check and resolve requests without a worker at hand."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from reelfleet.contract.base import Frozen
from reelfleet.contract.job_request import ModelName
from reelfleet.contract.request import INPUT_FIELDS, Size


class Modality(StrEnum):
    """What a model makes."""

    IMAGE = "image"
    VIDEO = "video"
    VIDEO_WITH_AUDIO = "video_with_audio"


def _check_frame_rule(rule: str) -> str:
    if not re.fullmatch(r"[1-9][0-9]*n\+[0-9]+", rule):
        raise ValueError("a frame rule is written like 4n+1 or 8n+1")
    return rule


FrameRule = Annotated[str, AfterValidator(_check_frame_rule), Field(examples=["4n+1", "8n+1"])]


class ModelDefaults(Frozen):
    """Values for what a request leaves open."""

    size: Size
    frames: int = Field(default=1, ge=1)
    fps: float | None = Field(default=None, gt=0)
    steps: int = Field(ge=1)
    guidance: float = Field(ge=0)
    guidance_2: float | None = Field(default=None, ge=0)
    negative_prompt: str = ""


class ModelLimits(Frozen):
    """What the model can do."""

    size_multiple: int = Field(ge=1, description="width and height are multiples of this")
    min_side: int = Field(default=16, ge=1)
    max_pixels: int = Field(ge=1, description="width times height")
    frame_rule: FrameRule | None = Field(default=None, description="lengths that the VAE can make; none for images")
    max_frames: int = Field(default=1, ge=1)
    max_steps: int = Field(ge=1)


class ModelCard(Frozen):
    """The public part of a catalogue entry of a model that generates."""

    kind: Literal["generate"] = "generate"
    name: ModelName
    title: str
    family: str
    modality: Modality
    licence: str = Field(description="SPDX identifier or the licence's own name")
    licence_url: str | None = None
    defaults: ModelDefaults
    limits: ModelLimits
    inputs: tuple[str, ...] = Field(default=(), description="input fields that the model can use")
    required_inputs: tuple[str, ...] = ()
    engine_params: tuple[str, ...] = Field(default=(), description="names that engine_params may hold")
    memory_gib: float = Field(gt=0, description="estimate of device memory while generating at the defaults")
    step_resume: bool = Field(description="whether a run that was stopped between steps resumes bit-exactly")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        unknown = [name for name in (*self.inputs, *self.required_inputs) if name not in INPUT_FIELDS]
        if unknown:
            raise ValueError(f"inputs: no such input {', '.join(unknown)}; there are {', '.join(INPUT_FIELDS)}")
        if self.modality is Modality.IMAGE and (self.limits.frame_rule or self.limits.max_frames != 1):
            raise ValueError("limits: an image model has no frame_rule and max_frames is 1")
        if self.modality is not Modality.IMAGE and (self.limits.frame_rule is None or self.defaults.fps is None):
            raise ValueError("limits: a video model needs limits.frame_rule and defaults.fps")
        if not set(self.required_inputs) <= set(self.inputs):
            raise ValueError("required_inputs: must be listed in inputs too")
        return self

    def frame_rule_parts(self) -> tuple[int, int] | None:
        """Return ``(multiple, offset)`` of the frame rule, ``(4, 1)`` for ``4n+1``."""
        if self.limits.frame_rule is None:
            return None
        multiple, offset = self.limits.frame_rule.split("n+")
        return int(multiple), int(offset)
