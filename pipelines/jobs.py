"""From a spec to a job that a family can run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image

from config.catalogue import ModelEntry
from pipelines.classes import pipeline_class, sibling
from pipelines.engine_params import further_arguments
from pipelines.families.base import Job
from pipelines.images import fill, read_image
from pipelines.seeding import generator_of, seed_global
from reelfleet.contract.errors import InvalidConfig, Unsupported
from reelfleet.contract.spec import GenerationSpec

FRAMED = ("image_start", "image_end")
"""Inputs that become frames of the clip, and so take its size."""
REFERENCES = "image_refs"
"""Inputs that are looked at and keep their own size; several make a list."""


def prepare_job(spec: GenerationSpec, entry: ModelEntry, pipeline: Any, inputs: Mapping[str, Path]) -> Job:
    """Read the inputs, choose the pipeline that takes them, check the arguments and seed every generator.

    Raises:
        InvalidRequest: for engine parameters that the pipeline does not take.
        InputUnreadable: for an input that is no image.
        InvalidConfig, Unsupported: for an input that the catalogue lists and the pipeline cannot be given.
    """
    cls = pipeline_class(entry, with_inputs=bool(inputs))
    images = _images(spec, inputs)
    arguments = further_arguments(entry, cls, spec.engine_params) | _image_arguments(entry, images)
    seed_global(spec.seed)
    return Job(spec=spec, entry=entry, pipeline=sibling(pipeline, cls), generator=generator_of(spec.seed), arguments=arguments)


def _images(spec: GenerationSpec, inputs: Mapping[str, Path]) -> dict[str, Image.Image | list[Image.Image]]:
    images: dict[str, Image.Image | list[Image.Image]] = {}
    references: list[Image.Image] = []
    for field, path in sorted(inputs.items(), key=lambda item: (len(item[0]), item[0])):
        if field in FRAMED:
            images[field] = fill(read_image(field, path), spec.width, spec.height)
        elif field.partition(".")[0] == REFERENCES:
            references.append(read_image(field, path))
        else:
            raise Unsupported(f"{spec.model}: no pipeline takes {field} yet; leave it out", details={"field": field})
    return images | ({REFERENCES: references} if references else {})


def _image_arguments(entry: ModelEntry, images: Mapping[str, Any]) -> dict[str, Any]:
    names = entry.pipeline.input_arguments
    unnamed = [field for field in images if field not in names]
    if unnamed:
        raise InvalidConfig(
            f"{entry.name}.toml: pipeline.input_arguments: {', '.join(unnamed)}: the card lists it as an input; name the call's argument for it",
            details={"model": entry.name, "key": "pipeline.input_arguments"},
        )
    return {names[field]: image for field, image in images.items()}
