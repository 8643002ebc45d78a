"""What a worker runs: a request with nothing left open."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, JsonValue

from reelfleet.contract.base import Frozen
from reelfleet.contract.canonical import canonical_sha256
from reelfleet.contract.model_card import Modality
from reelfleet.contract.names import CONTRACT_VERSION
from reelfleet.contract.output import MetadataMode, OutputOptions
from reelfleet.contract.resolved_input import ResolvedInput
from reelfleet.contract.seed import Seed


class GenerationSpec(Frozen):
    """A frozen, complete description of one generation; the same spec on the same stack gives the same pixels."""

    kind: Literal["generate"] = "generate"
    contract_version: int = CONTRACT_VERSION
    model: str
    family: str
    modality: Modality
    prompt: str
    negative_prompt: str
    width: int = Field(ge=1, description="pixels")
    height: int = Field(ge=1, description="pixels")
    frames: int = Field(ge=1)
    fps: float | None = Field(default=None, description="none for images")
    steps: int = Field(ge=1)
    guidance: float
    guidance_2: float | None = None
    seed: Seed
    inputs: dict[str, ResolvedInput] = Field(default_factory=dict, description="by field; references are image_refs.0, image_refs.1, …")
    metadata_mode: MetadataMode
    output: OutputOptions
    engine_params: dict[str, JsonValue] = Field(default_factory=dict)

    def sha256(self) -> str:
        """Return the hash of the canonical form."""
        return canonical_sha256(self)
