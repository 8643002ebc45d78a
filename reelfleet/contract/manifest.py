"""The commit of a job: an in-toto Statement v1 (https://in-toto.io/Statement/v1) in RFC 8785 bytes."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from pydantic import Field, JsonValue

from reelfleet.contract.any_spec import AnySpec
from reelfleet.contract.base import Frozen

MANIFEST_SCHEMA_VERSION = 1


class Role(StrEnum):
    """What an artifact is for."""

    VIDEO = "video"
    IMAGE = "image"
    AUDIO = "audio"
    PREVIEW = "preview"
    MASK_FOREGROUND = "mask_foreground"
    MASK_ALPHA = "mask_alpha"
    MASK_ARCHIVE = "mask_archive"
    RGBA_ARCHIVE = "rgba_archive"
    SIDECAR = "sidecar"
    REPORT = "report"


class AudioTrack(Frozen):
    """One track of sound inside an artifact."""

    codec: str
    sample_rate: int = Field(ge=1, description="hertz")
    channels: int = Field(ge=1)
    duration_s: float = Field(ge=0)
    language: str | None = None
    source_codec: str | None = Field(default=None, description="what the sound was coded with in the source that it was taken from")
    copied: bool = Field(default=False, description="whether it was taken over as it was coded in the source")
    content_sha256: str | None = Field(default=None, description="of the samples before encoding: float32 little-endian interleaved PCM")


class Artifact(Frozen):
    """One file of a result, as it was found when it was reopened, decoded and counted."""

    role: Role
    name: str = Field(description="file name, the last part of the key")
    key: str = Field(description="key in the store")
    bytes: int = Field(ge=0)
    sha256: str = Field(description="of the file")
    content_sha256: str | None = Field(
        default=None,
        description="of what was encoded: 8-bit RGB (or RGBA) frames in order, or float32 little-endian interleaved PCM; equal for equal pixels whatever the container",
    )
    media_type: str
    codec: str | None = None
    width: int | None = None
    height: int | None = None
    fps: float | None = None
    frames: int | None = None
    duration_s: float | None = None
    audio_tracks: tuple[AudioTrack, ...] = ()
    sidecar: str | None = Field(default=None, description="key of the sidecar, when metadata_mode is json")


class Subject(Frozen):
    """What the statement is about: one artifact and its digest."""

    name: str
    digest: dict[Literal["sha256"], str]


class JobPredicate(Frozen):
    """Everything needed to check a result, and to make it again."""

    schema_version: int = MANIFEST_SCHEMA_VERSION
    job_id: str
    attempt: int
    fence: int = Field(description="fencing token of the attempt that wrote the artifacts")
    idempotency_key: str | None = None
    request: dict[str, Any]
    request_sha256: str
    spec: AnySpec
    spec_sha256: str
    adapter_payload_sha256: dict[str, str] = Field(default_factory=dict, description="hash of each adapter's payload, by adapter")
    weights_sha256: dict[str, str] = Field(default_factory=dict, description="weight files of the model, by path within it")
    loras: tuple[dict[str, JsonValue], ...] = ()
    seed: str | None = Field(description="none for a matting, which draws nothing")
    versions: dict[str, str] = Field(description="python and libraries that shape the result")
    device: dict[str, JsonValue]
    pipeline: dict[str, JsonValue] = Field(
        default_factory=dict, description="what ran the model: class, dtype, scheduler, attention backend"
    )
    timings: dict[str, float] = Field(description="seconds by phase; load, warm_up and generation apart")
    telemetry: dict[str, JsonValue] = Field(default_factory=dict)
    artifacts: tuple[Artifact, ...]
    created: datetime
    degraded: tuple[str, ...] = Field(
        default=(), description="what was given up for want of memory, such as vae_tiling or model_offload; the notes say why"
    )
    notes: tuple[str, ...] = ()


class Manifest(Frozen):
    """The statement; its bytes are written once, last, and never again."""

    type_: Literal["https://in-toto.io/Statement/v1"] = Field(default="https://in-toto.io/Statement/v1", alias="_type")
    subject: tuple[Subject, ...]
    predicate_type: Literal["https://reelfleet.dev/manifest/v1"] = Field(default="https://reelfleet.dev/manifest/v1", alias="predicateType")
    predicate: JobPredicate
