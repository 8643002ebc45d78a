"""What a finished generation says about itself; it ends up in the manifest."""

from __future__ import annotations

from pydantic import Field, JsonValue

from pipelines.ladder import Rung
from reelfleet.contract.base import Frozen


class GenerationReport(Frozen):
    """How the frames of one generation came to be."""

    timings: dict[str, float] = Field(
        description="seconds: load_s, warm_up_s (both 0 for a warm model), encode_s, denoise_s, decode_s (with writing to the spool)"
    )
    weights_sha256: dict[str, str] = Field(description="safetensors files of the model, by path within it")
    versions: dict[str, str] = Field(description="python and the libraries that shape the result")
    device: dict[str, JsonValue] = Field(description="kind, name, uuid, index, memory_bytes")
    dtype: str = Field(description="dtype that the model was loaded in, such as bfloat16")
    pipeline: dict[str, JsonValue] = Field(
        description="class, scheduler, scheduler_config_sha256, component_dtypes, attention_backend, threads"
    )
    degraded: tuple[Rung, ...] = Field(default=(), description="what was given up for want of memory, in order; the notes say why")
    notes: tuple[str, ...] = Field(default=(), description="what a reader of the result should know")
