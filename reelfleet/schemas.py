"""JSON Schemas of everything that crosses a boundary as JSON."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel

from reelfleet.contract.errors import WireError
from reelfleet.contract.event import Event
from reelfleet.contract.job import JobStatus
from reelfleet.contract.manifest import Manifest
from reelfleet.contract.matte_request import MatteRequest
from reelfleet.contract.matting_card import MaskMakerCard, MattingCard
from reelfleet.contract.matting_spec import MattingSpec
from reelfleet.contract.model_card import ModelCard
from reelfleet.contract.request import GenerateRequest
from reelfleet.contract.spec import GenerationSpec
from reelfleet.contract.worker import WorkerInfo

_READ: tuple[type[BaseModel], ...] = (GenerateRequest, MatteRequest)
"""What others write and reelfleet reads: fields with a default may be left out."""
_WRITTEN: tuple[type[BaseModel], ...] = (
    JobStatus,
    Event,
    Manifest,
    GenerationSpec,
    MattingSpec,
    WireError,
    ModelCard,
    MattingCard,
    MaskMakerCard,
    WorkerInfo,
)
"""What reelfleet writes: every field is there."""
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema_names() -> tuple[str, ...]:
    """Return the names of the schemas."""
    return tuple(model.__name__ for model in (*_READ, *_WRITTEN))


def schema_of(name: str) -> dict[str, Any]:
    """Return a schema.

    Raises:
        KeyError: when there is none of this name.
    """
    models: dict[str, tuple[type[BaseModel], Literal["validation", "serialization"]]] = {
        **{model.__name__: (model, "validation") for model in _READ},
        **{model.__name__: (model, "serialization") for model in _WRITTEN},
    }
    model, mode = models[name]
    return {"$schema": DIALECT, **model.model_json_schema(mode=mode, by_alias=True)}
