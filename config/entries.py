"""What one file of the model catalogue holds, beyond the public card."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal, NamedTuple, Self

from pydantic import Field, JsonValue, model_validator

from reelfleet.contract.base import Frozen
from reelfleet.contract.matting_card import MaskMakerCard, MattingCard
from reelfleet.contract.model_card import ModelCard

Dtype = Literal["float32", "float16", "bfloat16"]
COMMIT_HASH = re.compile(r"[0-9a-f]{40}")


class ModelSource(Frozen):
    """Where the weights come from."""

    kind: Literal["hub", "folder", "file", "tiny"] = Field(
        description="a model hub, a folder or one file on the machine, or made on the spot for tests"
    )
    repo: str | None = Field(default=None, pattern=r"^[\w.-]+/[\w.-]+$", description="hub: owner/name")
    revision: str | None = Field(default=None, description="hub: a commit (40 hexadecimal digits) pins the weights; a branch does not")
    file: str | None = Field(default=None, pattern=r"^[\w.-]+$", description="hub: the one file of the repository that holds the weights")
    path: Path | None = Field(default=None, description="folder, file: absolute, in the home folder (~), or relative to the catalogue file")
    variant: str | None = Field(default=None, description="suffix of the weight files, such as fp16")
    user_supplied: bool = Field(
        default=False, description="the licence has to be accepted by whoever uses the weights: they are never downloaded for them"
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        needs = {"hub": {"repo", "revision"}, "folder": {"path"}, "file": {"path"}, "tiny": set()}[self.kind]
        may_have = {"file"} if self.kind == "hub" else set()
        given = {name for name in ("repo", "revision", "file", "path") if getattr(self, name) is not None}
        wrong = [f"{name} is needed" for name in sorted(needs - given)]
        wrong += [f"{name} does not belong here" for name in sorted(given - needs - may_have)]
        if wrong:
            raise ValueError(f"kind = {self.kind!r}: {'; '.join(wrong)}")
        return self

    @property
    def pinned(self) -> bool:
        """Whether the same source always gives the same weights; a hub branch can move."""
        return self.kind != "hub" or COMMIT_HASH.fullmatch(self.revision or "") is not None

    @property
    def one_file(self) -> bool:
        """Whether the weights are one file instead of a folder."""
        return self.kind == "file" or self.file is not None


class PipelineSettings(Frozen):
    """How the weights are loaded and called."""

    pipeline_class: str = Field(alias="class", pattern=r"^[A-Za-z_]\w*$", description="name of a pipeline class of diffusers")
    pipeline_class_with_inputs: str | None = Field(
        default=None,
        alias="class_with_inputs",
        pattern=r"^[A-Za-z_]\w*$",
        description="class that runs the same components when the request gives an input, for models that work with and without",
    )
    dtype: Dtype = "bfloat16"
    component_dtypes: dict[str, Dtype] = Field(
        default_factory=dict, description="components that need another dtype, such as vae = 'float32'"
    )
    scheduler: dict[str, JsonValue] = Field(default_factory=dict, description="scheduler settings that replace those saved with the model")
    vae_tiling: bool = Field(default=False, description="decode in tiles: less memory, faint seams possible")
    guidance_argument: str | None = Field(default="guidance_scale", description="call argument that takes the guidance; none: takes none")
    negative_prompt: bool = Field(default=True, description="whether the call takes a negative prompt")
    input_arguments: dict[str, str] = Field(
        default_factory=dict, description="call argument of each input field, such as image_start = 'image'"
    )
    arguments: dict[str, JsonValue] = Field(default_factory=dict, description="further call arguments, unless engine_params gives them")


class Weights(NamedTuple):
    """One set of weights that an entry needs."""

    source: ModelSource
    layout: Literal["pipeline", "model", "file"]
    """A folder in diffusers' layout, a folder of one transformers model, or one file."""
    part: str = ""
    """What it is, where an entry needs several."""


class _Entry(Frozen):
    """What entries of every kind have."""

    source: ModelSource

    @property
    def tiny(self) -> bool:
        """Whether this is one of the models made on the spot for tests and demonstrations."""
        return self.source.kind == "tiny"


class ModelEntry(_Entry):
    """A model that generates: what is published, where its weights are, how it is run."""

    card: ModelCard
    pipeline: PipelineSettings

    @property
    def name(self) -> str:
        """The model's name."""
        return self.card.name

    @property
    def weights(self) -> tuple[Weights, ...]:
        """What it needs."""
        return (Weights(self.source, "pipeline"),)

    @model_validator(mode="after")
    def _takes_folders(self) -> Self:
        if self.source.one_file:
            raise ValueError("source: a model that generates is a folder in diffusers' layout, not one file")
        return self


class MattingEntry(_Entry):
    """A model that mattes: what is published, and where its weights are."""

    card: MattingCard
    tracker: ModelSource | None = Field(
        default=None, description="vitmatte: the SAM 2 model that carries a target's mask from frame to frame"
    )

    @property
    def name(self) -> str:
        """The model's name."""
        return self.card.name

    @property
    def weights(self) -> tuple[Weights, ...]:
        """What it needs."""
        if self.tracker is None:
            return (Weights(self.source, "file"),)
        return Weights(self.source, "model", "vitmatte"), Weights(self.tracker, "model", "sam2")

    @model_validator(mode="after")
    def _fits_family(self) -> Self:
        family, tracked = self.card.family, self.tracker is not None
        if tracked != (family == "vitmatte"):
            raise ValueError(f"tracker: {family} {'has none' if tracked else 'needs one'}")
        if family == "matanyone" and not (self.source.one_file or self.tiny):
            raise ValueError("source: matanyone is one file of weights: kind = 'file' with path, or kind = 'hub' with file")
        if family == "vitmatte" and (self.source.one_file or (self.tracker is not None and self.tracker.one_file)):
            raise ValueError("source: vitmatte and its tracker are folders of transformers models, not single files")
        return self


class MaskMakerEntry(_Entry):
    """A model that makes masks of points, boxes or words: what is published, where its weights are, how they are loaded."""

    card: MaskMakerCard
    dtype: Dtype = "float32"

    @property
    def name(self) -> str:
        """The model's name."""
        return self.card.name

    @property
    def weights(self) -> tuple[Weights, ...]:
        """What it needs."""
        return (Weights(self.source, "model"),)

    @model_validator(mode="after")
    def _takes_folders(self) -> Self:
        if self.source.one_file:
            raise ValueError("source: a mask maker is the folder of a transformers model, not one file")
        return self


AnyEntry = ModelEntry | MattingEntry | MaskMakerEntry
"""What one file of the catalogue can be; ``kind`` says which."""
