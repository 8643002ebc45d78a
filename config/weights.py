"""Finds a model's weights on this machine, and says what is missing, without loading anything."""

from __future__ import annotations

import json
from pathlib import Path

from huggingface_hub import try_to_load_from_cache

from config.entries import ModelSource

MODEL_INDEX = "model_index.json"
COMPONENT_FIELDS = 2


def weights_folder(source: ModelSource) -> Path | None:
    """Return the folder that holds a model's complete weights, or ``None`` if they are not on this machine.

    A tiny model has none until a worker makes it.
    """
    folder = candidate_folder(source)
    return folder if folder is not None and not missing_parts(folder) else None


def candidate_folder(source: ModelSource) -> Path | None:
    """Return where the weights are or would be found, complete or not."""
    if source.kind == "folder":
        return source.path
    if source.kind == "hub" and source.repo is not None:
        index = try_to_load_from_cache(source.repo, MODEL_INDEX, revision=source.revision)
        return Path(index).parent if isinstance(index, str) else None
    return None


def missing_parts(folder: Path) -> tuple[str, ...]:
    """Return what a pipeline folder lacks; empty when every component is there with safetensors weights.

    Weights as pickles do not count: they are never loaded.
    """
    try:
        index = json.loads((folder / MODEL_INDEX).read_text("utf-8"))
    except FileNotFoundError:
        return (MODEL_INDEX,)
    except (OSError, ValueError) as error:
        return (f"{MODEL_INDEX}: {error}",)
    missing: list[str] = []
    for name, value in index.items():
        if isinstance(value, list) and len(value) == COMPONENT_FIELDS and value[0] is not None:
            missing += _missing_of_component(folder, name)
    return tuple(missing)


def _missing_of_component(folder: Path, name: str) -> list[str]:
    component = folder / name
    files = {path.name for path in component.iterdir()} if component.is_dir() else set()
    if not files:
        return [f"{name}/"]
    shards = {shard for file in files if ".safetensors.index." in file for shard in _shards(component / file)}
    # A dangling link of the hub's cache is a download that did not finish.
    missing = [f"{name}/{file}" for file in sorted(shards | files) if not (component / file).exists()]
    if "config.json" in files and not any(file.endswith(".safetensors") for file in files | shards):
        missing.append(f"{name}/*.safetensors")
    return missing


def _shards(index: Path) -> set[str]:
    try:
        return set(json.loads(index.read_text("utf-8"))["weight_map"].values())
    except (OSError, ValueError, KeyError, AttributeError):
        return {f"{index.name} (unreadable)"}
