"""Which models of the catalogue a worker on this machine serves."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from config.weights import candidate_folder, missing_parts, weights_folder
from reelfleet.contract.errors import InvalidConfig

if TYPE_CHECKING:
    from config.catalogue import Catalogue
    from config.entries import ModelEntry
    from config.settings import Settings

GLOB_CHARACTERS = frozenset("*?[")


def served_models(catalogue: Catalogue, settings: Settings) -> tuple[ModelEntry, ...]:
    """Return what this machine serves, in the catalogue's order.

    ``models = auto`` and globs choose among the models whose weights are here (or may be downloaded, when a glob or
    name asks for them and ``allow_download`` is on); a name must be servable.

    Raises:
        InvalidConfig: for a name that the catalogue does not have, a name whose weights are missing, or a glob that matches nothing here.
    """
    patterns = settings.served_patterns
    if not patterns:
        entries = (entry for entry in catalogue.values() if settings.tiny_models or not entry.tiny)
        return tuple(entry for entry in entries if is_here(entry))
    chosen: set[str] = set()
    problems: list[str] = []
    for pattern in patterns:
        names = [name for name in catalogue if fnmatchcase(name, pattern)]
        if not names:
            problems.append(f"{pattern}: no model of the catalogue has this name; there are {', '.join(catalogue)}")
        servable = [name for name in names if settings.allow_download or is_here(catalogue[name])]
        if names and not servable:
            exact = not GLOB_CHARACTERS & set(pattern)
            problems.append(why_absent(catalogue[pattern]) if exact else f"{pattern}: none of {', '.join(names)} is on this machine")
        chosen.update(servable)
    if problems:
        raise InvalidConfig(f"models (REEL_MODELS): {'; '.join(problems)}", details={"problems": problems})
    return tuple(entry for name, entry in catalogue.items() if name in chosen)


def is_here(entry: ModelEntry) -> bool:
    """Return whether the model can be loaded without a download; a tiny model is made on the spot."""
    return entry.tiny or weights_folder(entry.source) is not None


def why_absent(entry: ModelEntry) -> str:
    """Say what keeps a model from being served on this machine, and how to mend it."""
    source = entry.source
    folder = candidate_folder(source)
    if folder is not None and folder.is_dir():
        parts = ", ".join(missing_parts(folder))
        return f"{entry.name}: its weights in {folder} are incomplete: {parts}"
    if source.kind == "folder":
        return f"{entry.name}: there is no folder {folder}"
    return (
        f"{entry.name}: its weights are not on this machine; run `hf download {source.repo} --revision {source.revision}` "
        "or set REEL_ALLOW_DOWNLOAD=1"
    )


def unpinned_note(entry: ModelEntry) -> str | None:
    """Return the note that a report carries when the catalogue does not pin the weights, else ``None``."""
    if entry.source.pinned:
        return None
    return f"weights of {entry.name} are not pinned: {entry.source.repo} at {entry.source.revision!r} can change; only the recorded hashes tell"
