"""Everything that shapes the latents of a run, by name: two runs with equal fingerprints make the same bits."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import torch

from pipelines.device import DeviceInfo
from pipelines.families.base import Job
from pipelines.loading import LoadedModel
from pipelines.reporting import config_sha256
from pipelines.torch_setup import attention_backend, dtype_name
from pipelines.versions import versions
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
        "weights": _sha256(model.weights_sha256),
        "model files": model.settings_sha256,
        "catalogue entry": _sha256(settings.model_dump(mode="json", exclude={"vae_tiling"})),
        "pipeline": type(pipeline).__name__,
        "scheduler": type(pipeline.scheduler).__name__,
        "scheduler settings": config_sha256(pipeline.scheduler),
        "dtypes": _dtypes(pipeline),
        "attention": attention_backend(),
        "matmul precision": torch.get_float32_matmul_precision(),
        "device": f"{device.kind} {device.name}",
        **{f"version of {name}": version for name, version in versions().items()},
    }
    if device.kind == "cpu":
        facts |= {"threads": str(torch.get_num_threads()), "instructions": torch.backends.cpu.get_cpu_capability()}
    else:
        facts["version of CUDA"] = str(torch.version.cuda)
        facts["version of cuDNN"] = str(torch.backends.cudnn.version())  # type: ignore[no-untyped-call]  # torch leaves it without types
    if job.spec.inputs:
        facts["VAE"] = ", ".join(name for name in ("use_tiling", "use_slicing") if getattr(getattr(pipeline, "vae", None), name, False))
    return facts


def spec_sha256(spec: GenerationSpec) -> str:
    """Return the hash of what a spec says about the latents."""
    asked = spec.model_dump(mode="json", exclude=NOT_IN_LATENTS)
    return _sha256({**asked, "inputs": {field: given.sha256 for field, given in spec.inputs.items()}})


def _dtypes(pipeline: Any) -> str:
    modules = (item for item in sorted(pipeline.components.items()) if isinstance(item[1], torch.nn.Module))
    dtypes = ((name, getattr(module, "dtype", None)) for name, module in modules)
    return ", ".join(f"{name} {dtype_name(dtype)}" for name, dtype in dtypes if isinstance(dtype, torch.dtype))


def _sha256(facts: Any) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
