"""What one file of the model catalogue holds, beyond the public card."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, JsonValue, model_validator

from reelfleet.contract.base import Frozen
from reelfleet.contract.model_card import ModelCard

Dtype = Literal["float32", "float16", "bfloat16"]
COMMIT_HASH = re.compile(r"[0-9a-f]{40}")


class ModelSource(Frozen):
    """Where the weights come from."""

    kind: Literal["hub", "folder", "tiny"] = Field(description="a model hub, a folder on the machine, or made on the spot for tests")
    repo: str | None = Field(default=None, pattern=r"^[\w.-]+/[\w.-]+$", description="hub: owner/name")
    revision: str | None = Field(default=None, description="hub: a commit (40 hexadecimal digits) pins the weights; a branch does not")
    path: Path | None = Field(default=None, description="folder: absolute, or relative to the catalogue file")
    variant: str | None = Field(default=None, description="suffix of the weight files, such as fp16")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        needs = {"hub": {"repo", "revision"}, "folder": {"path"}, "tiny": set()}[self.kind]
        given = {name for name in ("repo", "revision", "path") if getattr(self, name) is not None}
        wrong = [f"{name} is needed" for name in sorted(needs - given)] + [f"{name} does not belong here" for name in sorted(given - needs)]
        if wrong:
            raise ValueError(f"kind = {self.kind!r}: {'; '.join(wrong)}")
        return self

    @property
    def pinned(self) -> bool:
        """Whether the same source always gives the same weights; a hub branch can move."""
        return self.kind != "hub" or COMMIT_HASH.fullmatch(self.revision or "") is not None


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


class ModelEntry(Frozen):
    """A model of the catalogue: what is published, where its weights are, how it is run."""

    card: ModelCard
    source: ModelSource
    pipeline: PipelineSettings

    @property
    def name(self) -> str:
        """The model's name."""
        return self.card.name

    @property
    def tiny(self) -> bool:
        """Whether this is one of the models made on the spot for tests and demonstrations."""
        return self.source.kind == "tiny"
