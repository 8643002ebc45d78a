"""Finds a model's weights on this machine, and says what is missing, without loading anything."""

from __future__ import annotations

import json
from pathlib import Path

from huggingface_hub import try_to_load_from_cache

from config.entries import Weights

MODEL_INDEX, MODEL_CONFIG = "model_index.json", "config.json"
COMPONENT_FIELDS = 2


def found_weights(weights: Weights) -> Path | None:
    """Return the folder or file that holds complete weights, or ``None`` if they are not on this machine.

    A tiny model has none until a worker makes it.
    """
    place = candidate(weights)
    return place if place is not None and not missing(weights) else None


def candidate(weights: Weights) -> Path | None:
    """Return where the weights are or would be found, complete or not."""
    source = weights.source
    if source.kind in {"folder", "file"}:
        return source.path
    if source.kind == "hub" and source.repo is not None:
        index = source.file or (MODEL_INDEX if weights.layout == "pipeline" else MODEL_CONFIG)
        found = try_to_load_from_cache(source.repo, index, revision=source.revision)
        if isinstance(found, str):
            return Path(found) if source.file else Path(found).parent
    return None


def missing(weights: Weights) -> tuple[str, ...]:
    """Return what is not there; empty when the weights are whole.

    Pickles do not count but where one file is named: they are never loaded with the code in them.
    """
    place = candidate(weights)
    if place is None:
        return (weights.source.file or "the whole folder",)
    if weights.layout == "file":
        # A dangling link of the hub's cache is a download that did not finish.
        return () if place.is_file() else (place.name,)
    if not place.is_dir():
        return ("the whole folder",)
    return missing_parts(place) if weights.layout == "pipeline" else missing_of_model(place)


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
    absent: list[str] = []
    for name, value in index.items():
        if isinstance(value, list) and len(value) == COMPONENT_FIELDS and value[0] is not None:
            absent += _missing_of_component(folder, name)
    return tuple(absent)


def missing_of_model(folder: Path) -> tuple[str, ...]:
    """Return what the folder of one transformers model lacks: its configuration, or files of its safetensors weights."""
    if not (folder / MODEL_CONFIG).exists():
        return (MODEL_CONFIG,)
    return tuple(_missing_files(folder))


def _missing_of_component(folder: Path, name: str) -> list[str]:
    component = folder / name
    if not component.is_dir() or not any(component.iterdir()):
        return [f"{name}/"]
    return [f"{name}/{file}" for file in _missing_files(component)]


def _missing_files(component: Path) -> list[str]:
    files = {path.name for path in component.iterdir()}
    shards = {shard for file in files if ".safetensors.index." in file for shard in _shards(component / file)}
    # A dangling link of the hub's cache is a download that did not finish.
    absent = [file for file in sorted(shards | files) if not (component / file).exists()]
    if MODEL_CONFIG in files and not any(file.endswith(".safetensors") for file in files | shards):
        absent.append("*.safetensors")
    return absent


def _shards(index: Path) -> set[str]:
    try:
        return set(json.loads(index.read_text("utf-8"))["weight_map"].values())
    except (OSError, ValueError, KeyError, AttributeError):
        return {f"{index.name} (unreadable)"}
