"""From the class name of a catalogue entry to the pipeline class of diffusers."""

from __future__ import annotations

from typing import Any

import diffusers

from config.catalogue import ModelEntry
from reelfleet.contract.errors import InvalidConfig


def pipeline_class(entry: ModelEntry) -> type[Any]:
    """Return the class that loads and runs a model.

    Raises:
        InvalidConfig: when the installed diffusers has no pipeline of this name, or one that its libraries are missing for.
    """
    name = entry.pipeline.pipeline_class
    found = getattr(diffusers, name, None)
    if not (isinstance(found, type) and issubclass(found, diffusers.DiffusionPipeline)):
        raise InvalidConfig(
            f"{entry.name}.toml: pipeline.class: {name!r} is no pipeline of diffusers {diffusers.__version__}; "
            "correct the name, or install what the pipeline needs",
            details={"model": entry.name, "key": "pipeline.class"},
        )
    return found
