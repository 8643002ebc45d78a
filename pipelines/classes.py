"""From the class names of a catalogue entry to pipeline classes of diffusers."""

from __future__ import annotations

import inspect
from typing import Any

import diffusers

from config.catalogue import ModelEntry
from reelfleet.contract.errors import InvalidConfig


def pipeline_class(entry: ModelEntry, *, with_inputs: bool = False) -> type[Any]:
    """Return the class that loads a model and runs it, or the one that runs it when the request gives an input.

    Raises:
        InvalidConfig: when the installed diffusers has no pipeline of this name, or lacks the libraries that it needs.
    """
    settings = entry.pipeline
    other = settings.pipeline_class_with_inputs if with_inputs else None
    name, key = (other, "class_with_inputs") if other else (settings.pipeline_class, "class")
    found = getattr(diffusers, name, None)
    if not (isinstance(found, type) and issubclass(found, diffusers.DiffusionPipeline)):
        raise InvalidConfig(
            f"{entry.name}.toml: pipeline.{key}: {name!r} is no pipeline of diffusers {diffusers.__version__}; "
            "correct the name, or install what the pipeline needs",
            details={"model": entry.name, "key": f"pipeline.{key}"},
        )
    return found


def sibling(pipeline: Any, cls: type[Any]) -> Any:
    """Return a pipeline of another class over the same components and settings, without loading anything.

    A pipeline that is of the class already is returned itself.
    """
    if isinstance(pipeline, cls):
        return pipeline
    known = {**pipeline.config, **pipeline.components}
    names = [name for name in inspect.signature(cls.__init__).parameters if name != "self" and name in known]
    made = cls(**{name: known[name] for name in names})
    made.set_progress_bar_config(disable=True)
    return made
