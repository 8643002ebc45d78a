"""The model catalogue: one TOML file per model, the file's stem is the model's name.

The shipped files are in ``config/models``. Files of later folders add models, or replace one of the same name. A file's ``kind`` says
whether its model generates (that is the default), mattes, or makes masks.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from config.entries import AnyEntry, MaskMakerEntry, MattingEntry, ModelEntry, ModelSource, PipelineSettings
from reelfleet.contract.errors import InvalidConfig, UnknownModel
from reelfleet.contract.kinds import DOES
from reelfleet.contract.names import MODEL_NAME

__all__ = [
    "SHIPPED_FOLDER",
    "AnyEntry",
    "Catalogue",
    "MaskMakerEntry",
    "MattingEntry",
    "ModelEntry",
    "ModelSource",
    "PipelineSettings",
    "load_catalogue",
]

SHIPPED_FOLDER = Path(__file__).with_name("models")
ENTRY_OF_KIND: dict[str, type[AnyEntry]] = {"generate": ModelEntry, "matte": MattingEntry, "mask": MaskMakerEntry}

Problem = dict[str, str]
EntryT = TypeVar("EntryT", ModelEntry, MattingEntry, MaskMakerEntry)


class Catalogue(Mapping[str, AnyEntry]):
    """The models by name, in alphabetical order."""

    def __init__(self, entries: Mapping[str, AnyEntry]) -> None:
        self._entries = dict(sorted(entries.items()))

    def __getitem__(self, name: str) -> AnyEntry:
        return self._entries[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def entry(self, name: str) -> ModelEntry:
        """Return a model that generates.

        Raises:
            UnknownModel: when no file of the catalogue has this name, or its model does something else.
        """
        return self._of_kind(name, ModelEntry, "generate")

    def matting(self, name: str) -> MattingEntry:
        """Return a model that mattes.

        Raises:
            UnknownModel: when no file of the catalogue has this name, or its model does something else.
        """
        return self._of_kind(name, MattingEntry, "matte")

    def mask_maker(self, name: str) -> MaskMakerEntry:
        """Return a model that makes masks.

        Raises:
            UnknownModel: when no file of the catalogue has this name, or its model does something else.
        """
        return self._of_kind(name, MaskMakerEntry, "mask")

    def _of_kind(self, name: str, cls: type[EntryT], kind: str) -> EntryT:
        found = self._entries.get(name)
        if isinstance(found, cls):
            return found
        fitting = ", ".join(other for other, entry in self._entries.items() if isinstance(entry, cls)) or "none"
        if found is None:
            raise UnknownModel(f"no catalogue file is named {name}.toml; of what {DOES[kind]} there are {fitting}")
        raise UnknownModel(f"{name} {DOES[found.card.kind]} (kind = {found.card.kind!r}); of what {DOES[kind]} there are {fitting}")


def load_catalogue(folders: Sequence[Path] | None = None) -> Catalogue:
    """Read the shipped catalogue and then the given folders, later ones replacing earlier entries by name.

    Raises:
        InvalidConfig: naming file, key and reason of every problem of every file; also for a folder that does not exist.
    """
    entries: dict[str, AnyEntry] = {}
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


def _read_entry(path: Path) -> tuple[AnyEntry | None, list[Problem]]:
    """Return a file's entry, or its problems."""
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        return None, [_problem(path, "file", f"cannot be read as TOML: {error}")]
    problems: list[Problem] = []
    if not MODEL_NAME.fullmatch(path.stem):
        problems.append(_problem(path, "file", f"the file's name is the model's and must match {MODEL_NAME.pattern}.toml"))
    if "name" in data:
        problems.append(_problem(path, "name", "the file's name is the model's name; leave the key out"))
    kind = data.get("kind", "generate")
    if not isinstance(kind, str) or kind not in ENTRY_OF_KIND:
        return None, [*problems, _problem(path, "kind", f"is one of {', '.join(ENTRY_OF_KIND)}")]
    entry = _validate(ENTRY_OF_KIND[kind], data, path, problems)
    return (None if problems else entry), problems


def _validate(cls: type[AnyEntry], data: dict[str, Any], path: Path, problems: list[Problem]) -> AnyEntry | None:
    own = [field for field in cls.model_fields if field != "card"]
    tables = {field: data.pop(field, {}) for field in own if field in data or cls.model_fields[field].is_required()}
    card = {**data, "name": path.stem if MODEL_NAME.fullmatch(path.stem) else "unnamed"}
    try:
        return _with_whole_paths(cls.model_validate({**tables, "card": card}), path.parent)
    except ValidationError as error:
        for item in sorted(error.errors(include_url=False, include_input=False), key=lambda item: item["loc"][:1] == ("card",)):
            keys = [str(part) for part in item["loc"]]
            key = ".".join(keys[1:] if keys[:1] == ["card"] else keys) or "file"
            text = "there is no such key" if item["type"] == "extra_forbidden" else item["msg"].removeprefix("Value error, ")
            problems.append(_problem(path, key, text))
        return None


def _with_whole_paths(entry: AnyEntry, folder: Path) -> AnyEntry:
    """Return the entry with paths that do not depend on the catalogue's folder or the user."""
    whole: dict[str, ModelSource] = {}
    for field in type(entry).model_fields:
        source = getattr(entry, field)
        if isinstance(source, ModelSource) and source.path is not None:
            whole[field] = source.model_copy(update={"path": (folder / source.path.expanduser()).resolve()})
    return entry.model_copy(update=whole)


def _problem(path: Path, key: str, text: str) -> Problem:
    return {"file": str(path), "key": key, "problem": text}
