"""The model catalogue: one TOML file per model, the file's stem is the model's name.

The shipped files are in ``config/models``. Files of later folders add models, or replace one of the same name.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from config.entries import ModelEntry, ModelSource, PipelineSettings
from reelfleet.contract.errors import InvalidConfig, UnknownModel
from reelfleet.contract.model_card import ModelCard
from reelfleet.contract.names import MODEL_NAME

__all__ = ["SHIPPED_FOLDER", "Catalogue", "ModelEntry", "ModelSource", "PipelineSettings", "load_catalogue"]

SHIPPED_FOLDER = Path(__file__).with_name("models")

Problem = dict[str, str]
ModelT = TypeVar("ModelT", bound=BaseModel)


class Catalogue(Mapping[str, ModelEntry]):
    """The models by name, in alphabetical order."""

    def __init__(self, entries: Mapping[str, ModelEntry]) -> None:
        self._entries = dict(sorted(entries.items()))

    def __getitem__(self, name: str) -> ModelEntry:
        return self._entries[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def entry(self, name: str) -> ModelEntry:
        """Return a model.

        Raises:
            UnknownModel: when no file of the catalogue has this name.
        """
        try:
            return self._entries[name]
        except KeyError:
            raise UnknownModel(f"no catalogue file is named {name}.toml; there are {', '.join(self._entries) or 'none'}") from None


def load_catalogue(folders: Sequence[Path] | None = None) -> Catalogue:
    """Read the shipped catalogue and then the given folders, later ones replacing earlier entries by name.

    Raises:
        InvalidConfig: naming file, key and reason of every problem of every file; also for a folder that does not exist.
    """
    entries: dict[str, ModelEntry] = {}
    problems: list[Problem] = []
    for folder in (SHIPPED_FOLDER, *(folders or ())):
        if not folder.is_dir():
            problems.append({"file": str(folder), "key": "model_dirs", "problem": "there is no such folder"})
            continue
        for path in sorted(folder.glob("*.toml")):
            entry, found = _read_entry(path)
            problems += found
            if entry is not None:
                entries[entry.name] = entry
    if problems:
        lines = "; ".join(f"{p['file']}: {p['key']}: {p['problem']}" for p in problems)
        raise InvalidConfig(f"the model catalogue is not valid: {lines}", details={"problems": problems})
    return Catalogue(entries)


def _read_entry(path: Path) -> tuple[ModelEntry | None, list[Problem]]:
    """Return a file's entry, or its problems."""
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        return None, [{"file": str(path), "key": "file", "problem": f"cannot be read as TOML: {error}"}]
    problems: list[Problem] = []
    if not MODEL_NAME.fullmatch(path.stem):
        problems.append(
            {"file": str(path), "key": "file", "problem": f"the file's name is the model's and must match {MODEL_NAME.pattern}.toml"}
        )
    if "name" in data:
        problems.append({"file": str(path), "key": "name", "problem": "the file's name is the model's name; leave the key out"})
    source_data, pipeline_data = data.pop("source", {}), data.pop("pipeline", {})
    card_data = {**data, "name": path.stem if MODEL_NAME.fullmatch(path.stem) else "unnamed"}
    source = _validate(ModelSource, source_data, path, "source", problems)
    pipeline = _validate(PipelineSettings, pipeline_data, path, "pipeline", problems)
    card = _validate(ModelCard, card_data, path, "", problems)
    if problems or source is None or pipeline is None or card is None:
        return None, problems
    if source.path is not None:
        source = source.model_copy(update={"path": (path.parent / source.path.expanduser()).resolve()})
    return ModelEntry(card=card, source=source, pipeline=pipeline), []


def _validate(model: type[ModelT], data: Any, path: Path, table: str, problems: list[Problem]) -> ModelT | None:
    try:
        return model.model_validate(data)
    except ValidationError as error:
        for item in error.errors(include_url=False, include_input=False):
            key = ".".join([*([table] if table else []), *(str(part) for part in item["loc"])]) or "file"
            text = "there is no such key" if item["type"] == "extra_forbidden" else item["msg"].removeprefix("Value error, ")
            problems.append({"file": str(path), "key": key, "problem": text})
        return None
