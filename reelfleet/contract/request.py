"""What a producer asks for."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, JsonValue, StringConstraints, Tag, TypeAdapter, ValidationError, field_validator

from reelfleet.contract.canonical import canonical_bytes
from reelfleet.contract.errors import ContractMismatch, InvalidRequest
from reelfleet.contract.inputs import InputUri
from reelfleet.contract.job_request import JobRequest, ModelName
from reelfleet.contract.kinds import kind_of
from reelfleet.contract.matte import MatteOptions
from reelfleet.contract.matte_request import FOLLOW_UP, MASK_FIELD, SOURCE_FIELD, MatteRequest
from reelfleet.contract.names import CONTRACT_VERSION
from reelfleet.contract.output import MetadataMode, OutputOptions
from reelfleet.contract.problems import Problem, problems_of
from reelfleet.contract.seed import RequestedSeed, draw_seed

Size = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,4}x[1-9][0-9]{0,4}$")]

INPUT_FIELDS = ("image_start", "image_end", "image_refs", "video_source", "audio_source")
"""Fields that name inputs; ``image_refs`` holds several."""
MAX_REQUEST_BYTES = 256 * 1024


class GenerateRequest(JobRequest):
    """One clip or image to generate. What is left open is filled from the model's defaults when the request is resolved."""

    kind: Literal["generate"] = "generate"
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
    engine_params: dict[str, JsonValue] = Field(default_factory=dict, description="arguments of the pipeline call that the model allows")
    matte: MatteOptions | None = Field(default=None, description="also matte the result, as a job of its own that follows this one")

    @field_validator("prompt")
    @classmethod
    def _prompt_says_something(cls, prompt: str) -> str:
        if not prompt.strip():
            raise ValueError("must not be blank")
        return prompt

    @property
    def settled(self) -> bool:
        """Whether the seed is drawn."""
        return self.seed is not None

    def settle(self) -> GenerateRequest:
        """Return this request with its seed drawn, if it was open."""
        return self if self.seed is not None else self.model_copy(update={"seed": draw_seed()})

    def input_uris(self) -> dict[str, str]:
        """Return every named input as ``{field: uri}``; references are numbered, ``image_refs.0`` first, and so are the masks of ``matte``."""
        found: dict[str, str] = {}
        for field in INPUT_FIELDS:
            value = getattr(self, field)
            if isinstance(value, tuple):
                found.update({f"{field}.{index}": uri for index, uri in enumerate(value)})
            elif value is not None:
                found[field] = value
        follow_up = () if self.matte is None else self.matte.masks
        found.update({f"{FOLLOW_UP}.{MASK_FIELD}.{index}": mask.mask for index, mask in enumerate(follow_up) if mask.mask is not None})
        return found


AnyRequest = GenerateRequest | MatteRequest
"""What a job may be made of."""
REQUESTS: dict[str, type[AnyRequest]] = {"generate": GenerateRequest, "matte": MatteRequest}
"""By ``kind``; a request that tells none asks for a generation."""
_ANY: TypeAdapter[AnyRequest] = TypeAdapter(
    Annotated[Annotated[GenerateRequest, Tag("generate")] | Annotated[MatteRequest, Tag("matte")], Discriminator(kind_of)]
)


def parse_request(data: Any) -> AnyRequest:
    """Read a request from plain JSON data that anybody may have written; one that tells no ``kind`` asks for a generation.

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
        request = _class_of(data).model_validate(data)
        size = len(canonical_bytes(request))
    except ValidationError as error:
        raise InvalidRequest.of(_kind_left_out(data) + problems_of(error)) from error
    except ValueError as error:
        raise InvalidRequest.of([{"field": "engine_params", "problem": f"cannot be written as canonical JSON: {error}"}]) from error
    if size > MAX_REQUEST_BYTES:
        raise InvalidRequest.of([{"field": "request", "problem": f"{size} bytes of JSON; at most {MAX_REQUEST_BYTES} are taken"}])
    return request


def read_request(text: str) -> AnyRequest:
    """Read a request that was checked before, as the ledger keeps it.

    Raises:
        pydantic.ValidationError: when another version of reelfleet wrote it.
    """
    return _ANY.validate_json(text)


def _class_of(data: Any) -> type[AnyRequest]:
    """Return what the data asks for; what is no object at all is refused as a generation.

    Raises:
        InvalidRequest: for a kind that there is not.
    """
    if not isinstance(data, dict | JobRequest):
        return GenerateRequest
    found = REQUESTS.get(kind_of(data) or "")
    if found is None:
        told = repr(data.get("kind") if isinstance(data, dict) else type(data).__name__)
        raise InvalidRequest.of([{"field": "kind", "problem": f"{told[:60]} is none of {', '.join(REQUESTS)}"}])
    return found


def _kind_left_out(data: Any) -> list[Problem]:
    """Return the problem of a request that reads as a matting and does not say so."""
    if isinstance(data, dict) and "kind" not in data and SOURCE_FIELD in data and "prompt" not in data:
        return [{"field": "kind", "problem": f"left out, so this asks for a generation; what has a {SOURCE_FIELD} is of kind 'matte'"}]
    return []
