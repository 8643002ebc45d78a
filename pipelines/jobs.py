"""From a spec to a job that a family can run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from config.catalogue import ModelEntry
from pipelines.families.base import Job
from pipelines.images import read_images
from pipelines.seeding import generator_of, seed_global
from reelfleet.contract.spec import GenerationSpec


def prepare_job(spec: GenerationSpec, entry: ModelEntry, pipeline: Any, inputs: Mapping[str, Path]) -> Job:
    """Read the inputs, check the arguments and seed every generator.

    Raises:
        InvalidRequest: for engine parameters that the pipeline does not take.
        InputUnreadable: for an input that is no image.
    """
    arguments = entry.pipeline.arguments | spec.engine_params
    images = read_images(inputs, spec.width, spec.height)
    seed_global(spec.seed)
    return Job(spec=spec, entry=entry, pipeline=pipeline, generator=generator_of(spec.seed), images=images, arguments=dict(arguments))
