"""From a catalogue entry to the folder on this machine that holds its weights, safetensors only."""

from __future__ import annotations

import json
from pathlib import Path

from diffusers import DiffusionPipeline

from config.catalogue import ModelEntry
from config.settings import Settings
from config.weights import candidate, missing
from pipelines import tiny
from reelfleet.contract.errors import ModelLoadFailed

PICKLES = frozenset({".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle"})
"""Loading one of these runs whatever code is in it."""


def locate(entry: ModelEntry, settings: Settings) -> Path:
    """Return the folder of a model in diffusers' layout, made or downloaded first where its source says so.

    Raises:
        ModelLoadFailed: when the weights are not on this machine, incomplete, or only there as pickles.
    """
    source = entry.source
    if source.kind == "tiny":
        return tiny.ensure(entry.name, settings.cache_dir)
    (weights,) = entry.weights
    folder = candidate(weights)
    if folder is not None:
        refuse_pickles(entry.name, folder)
    absent = missing(weights)
    if folder is not None and not absent:
        return folder
    if source.kind == "hub" and settings.allow_download:
        return _downloaded(entry)
    raise ModelLoadFailed(
        f"{entry.name}: its weights are not complete on this machine, missing: {', '.join(absent)}; {_how_to_fetch(entry)}",
        details={"model": entry.name, "missing": list(absent)},
    )


def refuse_pickles(model: str, folder: Path) -> None:
    """Refuse a pipeline folder in which a component has pickled weights and no safetensors.

    Raises:
        ModelLoadFailed: naming the file.
    """
    for component in component_folders(folder):
        files = sorted(component.iterdir())
        pickles = [path for path in files if path.suffix in PICKLES]
        if pickles and not any(path.suffix == ".safetensors" for path in files):
            raise ModelLoadFailed(
                f"{model}: {pickles[0]} is a pickle, which can run code when it is loaded; only safetensors are: "
                "convert it, or fetch the model's safetensors version",
                details={"model": model, "file": str(pickles[0])},
            )


def component_folders(folder: Path) -> list[Path]:
    """Return the folders of the components that a pipeline's index names; none when the index cannot be read."""
    try:
        index = json.loads((folder / "model_index.json").read_text("utf-8"))
    except (OSError, ValueError):
        return []
    return [folder / name for name in sorted(index) if not name.startswith("_") and (folder / name).is_dir()]


def _downloaded(entry: ModelEntry) -> Path:
    source = entry.source
    folder = DiffusionPipeline.download(source.repo, revision=source.revision, variant=source.variant, use_safetensors=True)
    refuse_pickles(entry.name, Path(folder))
    return Path(folder)


def _how_to_fetch(entry: ModelEntry) -> str:
    source = entry.source
    if source.kind == "folder":
        return f"put them into {source.path}, or change source.path in the catalogue"
    return f"fetch them with `hf download {source.repo} --revision {source.revision}`, or let the worker do it with REEL_ALLOW_DOWNLOAD=1"
