"""What a producer asks for."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, JsonValue, StringConstraints, ValidationError, field_validator

from reelfleet.contract.base import Frozen
from reelfleet.contract.canonical import canonical_bytes, canonical_sha256
from reelfleet.contract.errors import ContractMismatch, InvalidRequest
from reelfleet.contract.inputs import InputUri
from reelfleet.contract.names import CONTRACT_VERSION, MODEL_NAME
from reelfleet.contract.output import MetadataMode, OutputOptions
from reelfleet.contract.seed import RequestedSeed, draw_seed

ModelName = Annotated[str, StringConstraints(pattern=f"^{MODEL_NAME.pattern}$")]
Size = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,4}x[1-9][0-9]{0,4}$")]
Tenant = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Tag = Annotated[str, StringConstraints(min_length=1, max_length=64)]

INPUT_FIELDS = ("image_start", "image_end", "image_refs", "video_source", "audio_source")
"""Fields that name inputs; ``image_refs`` holds several."""

LATER = {
    "loras": "LoRA adapters",
    "lora": "LoRA adapters",
    "prompt_enhancer": "the prompt enhancer",
    "matte": "matting",
    "mask": "matting",
}
"""Fields of later work: refused by name."""
MAX_REQUEST_BYTES = 256 * 1024


class GenerateRequest(Frozen):
    """One clip or image to generate. What is left open is filled from the model's defaults when the request is resolved."""

    contract_version: int = Field(default=CONTRACT_VERSION, description="the version of the contract that wrote this request")
    model: ModelName = Field(description="a name of the catalogue; `reel models` lists them")
    prompt: str = Field(min_length=1, max_length=20_000, description="what to make; must not be blank")
    negative_prompt: str | None = Field(default=None, max_length=20_000)
    size: Size | None = Field(default=None, description="WIDTHxHEIGHT in pixels", examples=["832x480"])
    frames: int | None = Field(default=None, ge=1, description="length of a clip in frames")
    fps: float | None = Field(default=None, gt=0, le=240, description="frames per second of a clip")
    steps: int | None = Field(default=None, ge=1, description="denoise steps")
    guidance: float | None = Field(default=None, ge=0, le=100, description="guidance scale")
    guidance_2: float | None = Field(default=None, ge=0, le=100, description="guidance scale of a second expert (Wan 2.2)")
    seed: RequestedSeed = Field(default=None, description="64-bit; none or -1 means drawn at submit and recorded")
    image_start: InputUri | None = None
    image_end: InputUri | None = None
    image_refs: tuple[InputUri, ...] = Field(default=(), max_length=16)
    video_source: InputUri | None = None
    audio_source: InputUri | None = None
    metadata_mode: MetadataMode = "metadata"
    output: OutputOptions = OutputOptions()
    priority: int = Field(default=5, ge=0, le=9, description="0 is the highest")
    preemptible: bool = Field(default=True, description="may give way to a job of higher priority, and goes on later without losing a step")
    tenant: Tenant = "default"
    tags: tuple[Tag, ...] = Field(default=(), max_length=32)
    idempotency_key: str | None = Field(default=None, min_length=1, max_length=200)
    timeout_s: float | None = Field(default=None, gt=0, le=7 * 86_400, description="seconds from submit until the job ends as timed_out")
    engine_params: dict[str, JsonValue] = Field(default_factory=dict, description="arguments of the pipeline call that the model allows")

    @field_validator("prompt")
    @classmethod
    def _prompt_says_something(cls, prompt: str) -> str:
        if not prompt.strip():
            raise ValueError("must not be blank")
        return prompt

    def with_seed(self) -> GenerateRequest:
        """Return this request with its seed drawn, if it was open."""
        return self if self.seed is not None else self.model_copy(update={"seed": draw_seed()})

    def sha256(self) -> str:
        """Return the hash that tells whether two uses of one idempotency key ask for the same; an open seed stays open."""
        return canonical_sha256(self)

    def input_uris(self) -> dict[str, str]:
        """Return every named input as ``{field: uri}``; references are numbered, ``image_refs.0`` first."""
        found: dict[str, str] = {}
        for field in INPUT_FIELDS:
            value = getattr(self, field)
            if isinstance(value, tuple):
                found.update({f"{field}.{index}": uri for index, uri in enumerate(value)})
            elif value is not None:
                found[field] = value
        return found


def parse_request(data: Any) -> GenerateRequest:
    """Read a request from plain JSON data that anybody may have written.

    Raises:
        ContractMismatch: when another version of the contract wrote it.
        InvalidRequest: with all problems at once.
    """
    if isinstance(data, dict) and data.get("contract_version", CONTRACT_VERSION) != CONTRACT_VERSION:
        raise ContractMismatch(
            f"the request was written for contract version {data['contract_version']!r} and this side reads version {CONTRACT_VERSION}; "
            "upgrade the older side"
        )
    try:
        request = GenerateRequest.model_validate(data)
        size = len(canonical_bytes(request))
    except ValidationError as error:
        raise InvalidRequest.of(problems_of(error)) from error
    except ValueError as error:
        raise InvalidRequest.of([{"field": "engine_params", "problem": f"cannot be written as canonical JSON: {error}"}]) from error
    if size > MAX_REQUEST_BYTES:
        raise InvalidRequest.of([{"field": "request", "problem": f"{size} bytes of JSON; at most {MAX_REQUEST_BYTES} are taken"}])
    return request


def problems_of(error: ValidationError) -> list[dict[str, str]]:
    """Return a validation error as a list of ``{"field", "problem"}``."""
    problems = []
    for item in error.errors(include_url=False, include_input=False):
        field = ".".join(str(part) for part in item["loc"]) or "request"
        text = item["msg"].removeprefix("Value error, ")
        if item["type"] == "extra_forbidden":
            later = LATER.get(field)
            text = (
                f"this version of reelfleet does not do {later} yet; leave the field out"
                if later
                else "no such field; `reel schema GenerateRequest` lists the fields"
            )
        problems.append({"field": field, "problem": text})
    return problems
