"""Puts together what a finished generation says about itself."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import torch
from pydantic import JsonValue

from pipelines.device import DeviceInfo
from pipelines.ladder import Degradation
from pipelines.loading import LoadedModel
from pipelines.report import GenerationReport
from pipelines.torch_setup import attention_backend
from pipelines.versions import versions

DIGITS = 4


def build_report(
    model: LoadedModel, device: DeviceInfo, timings: dict[str, float], degraded: tuple[Degradation, ...] = ()
) -> GenerationReport:
    """Return the report of a generation that ended well; timings in seconds."""
    return GenerationReport(
        timings={name: round(seconds, DIGITS) for name, seconds in timings.items()},
        weights_sha256=model.weights_sha256,
        versions=versions(),
        device=device.model_dump(mode="json"),
        dtype=model.dtype,
        pipeline=_pipeline(model),
        degraded=tuple(degradation.rung for degradation in degraded),
        notes=(*model.notes, *(degradation.note for degradation in degraded)),
    )


def _pipeline(model: LoadedModel) -> dict[str, JsonValue]:
    scheduler = model.pipeline.scheduler
    return {
        "class": type(model.pipeline).__name__,
        "scheduler": type(scheduler).__name__,
        "scheduler_config_sha256": config_sha256(scheduler),
        "component_dtypes": dict(model.entry.pipeline.component_dtypes),
        "attention_backend": attention_backend(),
        "threads": torch.get_num_threads(),
    }


def config_sha256(scheduler: Any) -> str:
    """Return the SHA-256 of a scheduler's settings as sorted JSON, without those that name versions and places."""
    settings = {key: value for key, value in scheduler.config.items() if not key.startswith("_")}
    return hashlib.sha256(json.dumps(settings, sort_keys=True, default=str).encode()).hexdigest()
