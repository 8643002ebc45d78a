"""Everything that shapes the latents of a run, by name: two runs with equal fingerprints make the same bits."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import torch

from pipelines.checkpoint.stack import stack_facts
from pipelines.device import DeviceInfo
from pipelines.families.base import Job
from pipelines.loading import LoadedModel
from pipelines.reporting import config_sha256
from pipelines.torch_setup import attention_backend, dtype_name
from reelfleet.contract.spec import GenerationSpec

NOT_IN_LATENTS = {"output", "metadata_mode", "inputs"}
"""Fields of a spec that say what becomes of the frames; and the inputs, of which only the content counts."""


def fingerprint_of(job: Job, model: LoadedModel, device: DeviceInfo) -> dict[str, str]:
    """Return the fingerprint of a job on a loaded model.

    How the VAE works (tiling, slicing) is in it only if the VAE encodes an input: decoding comes after all checkpoints.
    """
    pipeline, settings = job.pipeline, model.entry.pipeline
    facts = {
        "request": spec_sha256(job.spec),
        "weights": sha256_of(model.weights_sha256),
        "model files": model.settings_sha256,
        "catalogue entry": sha256_of(settings.model_dump(mode="json", exclude={"vae_tiling"})),
        "pipeline": type(pipeline).__name__,
        "scheduler": type(pipeline.scheduler).__name__,
        "scheduler settings": config_sha256(pipeline.scheduler),
        "dtypes": _dtypes(pipeline),
        "attention": attention_backend(),
        **stack_facts(device),
    }
    if job.spec.inputs:
        facts["VAE"] = ", ".join(name for name in ("use_tiling", "use_slicing") if getattr(getattr(pipeline, "vae", None), name, False))
    return facts


def spec_sha256(spec: GenerationSpec) -> str:
    """Return the hash of what a spec says about the latents."""
    asked = spec.model_dump(mode="json", exclude=NOT_IN_LATENTS)
    return sha256_of({**asked, "inputs": {field: given.sha256 for field, given in spec.inputs.items()}})


def _dtypes(pipeline: Any) -> str:
    modules = (item for item in sorted(pipeline.components.items()) if isinstance(item[1], torch.nn.Module))
    dtypes = ((name, getattr(module, "dtype", None)) for name, module in modules)
    return ", ".join(f"{name} {dtype_name(dtype)}" for name, dtype in dtypes if isinstance(dtype, torch.dtype))


def sha256_of(facts: Any) -> str:
    """Return the hash of JSON data, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
