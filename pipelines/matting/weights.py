"""From the entry of a matting model or a mask maker to the folders and files on this machine that hold its weights."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from huggingface_hub import snapshot_download

from config.availability import how_to_get
from config.catalogue import MaskMakerEntry, MattingEntry
from config.entries import Weights
from config.settings import Settings
from config.weights import candidate, found_weights, missing
from pipelines import tiny
from pipelines.sources import PICKLES
from pipelines.weight_hashes import files_sha256
from reelfleet.contract.errors import ModelLoadFailed

TINY_FILE = "model.safetensors"
READ = ("*.json", "*.safetensors", "*.txt", "*.model")
"""What is downloaded of a transformers model: configurations, tokenizers and safe weights."""


def locate_weights(entry: MattingEntry | MaskMakerEntry, settings: Settings) -> tuple[Path, ...]:
    """Return a folder or file for each of ``entry.weights``, made or downloaded first where its source says so.

    Weights that users supply themselves are never downloaded.

    Raises:
        ModelLoadFailed: when weights are not on this machine, incomplete, or only there as pickles.
    """
    return tuple(_locate(weights, entry, settings) for weights in entry.weights)


def weights_sha256(entry: MattingEntry | MaskMakerEntry, settings: Settings) -> dict[str, str]:
    """Return the hash of every file of weights, by its name; where an entry has several parts, below the part's name.

    Raises:
        ModelLoadFailed: as :func:`locate_weights`.
    """
    files: dict[str, Path] = {}
    for weights, place in zip(entry.weights, locate_weights(entry, settings), strict=True):
        names = {file.name: file for file in _files(place, weights.source.variant)}
        files |= {f"{weights.part}/{name}" if weights.part else name: file for name, file in names.items()}
    return files_sha256(files, settings.cache_dir)


def _files(place: Path, variant: str | None) -> Iterator[Path]:
    if place.is_file():
        yield place
        return
    files = sorted(place.glob("*.safetensors"))
    chosen = [file for file in files if variant is not None and f".{variant}." in file.name]
    yield from chosen or files


def _locate(weights: Weights, entry: MattingEntry | MaskMakerEntry, settings: Settings) -> Path:
    source = weights.source
    if source.kind == "tiny":
        folder = tiny.ensure(entry.name, settings.cache_dir)
        return folder / (TINY_FILE if weights.layout == "file" else weights.part)
    found = found_weights(weights)
    if found is not None:
        return found
    place = candidate(weights)
    if place is not None and place.is_dir():
        _refuse_pickles(entry.name, place)
    if source.kind == "hub" and settings.allow_download and not source.user_supplied:
        return _downloaded(weights)
    absent = missing(weights)
    where = f" in {place}" if place is not None and place.is_dir() else f" ({place})" if place is not None else ""
    raise ModelLoadFailed(
        f"{entry.name}: its weights are not complete on this machine{where}, missing: {', '.join(absent)}; {how_to_get(weights, entry)}",
        details={"model": entry.name, "missing": list(absent)},
    )


def _refuse_pickles(model: str, folder: Path) -> None:
    pickles = sorted(path for path in folder.iterdir() if path.suffix in PICKLES)
    if pickles and not any(folder.glob("*.safetensors")):
        raise ModelLoadFailed(
            f"{model}: {pickles[0]} is a pickle, which can run code when it is loaded; only safetensors are: "
            "convert it, or fetch the model's safetensors version",
            details={"model": model, "file": str(pickles[0])},
        )


def _downloaded(weights: Weights) -> Path:
    source = weights.source
    wanted = [source.file] if source.file else list(READ)
    folder = Path(snapshot_download(str(source.repo), revision=source.revision, allow_patterns=wanted))
    return folder / source.file if source.file else folder
